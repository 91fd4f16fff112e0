/** The form's fields of a shape, as one value that is read, written and undone. */

import type { Kind, Typed } from "./shape_text";

const MOST_UNDONE = 100;

export class Fields {
  private before: Typed[] = [];
  private last: Typed;
  private undoing = false;

  constructor(
    private readonly form: HTMLFormElement,
    private readonly changed: (typed: Typed) => void,
  ) {
    this.last = this.read();
    form.addEventListener("input", (event) => {
      const name = (event.target as HTMLInputElement | null)?.name ?? "";
      if (["points", "radius", "width", "shape"].includes(name)) this.keep();
    });
  }

  read(): Typed {
    const value = (name: string): string => this.form.querySelector<HTMLInputElement | HTMLTextAreaElement>(`[name="${name}"]`)?.value ?? "";
    const kind = (this.form.querySelector<HTMLInputElement>('[name="shape"]:checked')?.value ?? "polygon") as Kind;
    return { kind, points: value("points"), radius: value("radius"), width: value("width") };
  }

  /** Writes what was drawn, as if it had been typed. */
  write(typed: Typed): void {
    const put = (name: string, value: string): void => {
      const field = this.form.querySelector<HTMLInputElement | HTMLTextAreaElement>(`[name="${name}"]`);
      if (field) field.value = value;
    };
    put("points", typed.points);
    put("radius", typed.radius);
    put("width", typed.width);
    const choice = this.form.querySelector<HTMLInputElement>(`[name="shape"][value="${typed.kind}"]`);
    if (choice) choice.checked = true;
    this.keep();
    // Whoever keeps drafts hears it too.
    this.form.dispatchEvent(new Event("input", { bubbles: true }));
  }

  undo(): boolean {
    const back = this.before.pop();
    if (!back) return false;
    this.undoing = true;
    this.write(back);
    this.undoing = false;
    return true;
  }

  get undoable(): boolean {
    return this.before.length > 0;
  }

  private keep(): void {
    const now = this.read();
    if (JSON.stringify(now) === JSON.stringify(this.last)) return;
    if (!this.undoing) this.before = [...this.before.slice(1 - MOST_UNDONE), this.last];
    this.last = now;
    this.changed(now);
  }
}
