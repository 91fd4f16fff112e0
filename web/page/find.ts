/** One key from every page to finding a wearer, for whoever may. */

import { addKeys } from "../shared/keys";

export function findByKey(): void {
  if (!document.querySelector('a[href="/find"]')) return;
  addKeys([
    {
      name: "find",
      key: "w",
      words: "Find a wearer: by name, number, device, address or postcode",
      group: "Everywhere",
      act() {
        const box = document.querySelector<HTMLInputElement>("#q");
        if (box) box.select();
        else location.assign("/find");
      },
    },
  ]);
}
