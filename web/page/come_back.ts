/** A page that could not be shown comes by itself as soon as the service answers again. */

const EVERY_MS = 3_000;

export function comeBack(): void {
  if (!document.querySelector("[data-comes-back]")) return;
  const again = window.setInterval(() => {
    void fetch("/health/readiness")
      .then((answer) => {
        if (!answer.ok) return;
        window.clearInterval(again);
        location.reload();
      })
      .catch(() => undefined);
  }, EVERY_MS);
}
