/** The same trail as a file. Each is another look, and is in the audit with the same purpose. */

import { useState } from "preact/hooks";
import { askFor } from "./asking";

const FORMATS = [
  ["GPX", "gpx", "application/gpx+xml"],
  ["CSV", "csv", "text/csv"],
  ["GeoJSON", "geojson", "application/geo+json"],
] as const;

export function Downloads({ wearer, from, to, why }: { wearer: string; from: string; to: string; why: string }) {
  const [said, say] = useState("");
  const save = async (end: string, accept: string): Promise<void> => {
    say("Making the file…");
    try {
      const answer = await askFor(wearer, from, to, why, accept);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await answer.blob());
      link.download = `${wearer}_${from}_${to}.${end}`.replace(/[:]/g, "");
      link.click();
      URL.revokeObjectURL(link.href);
      say(`${link.download} was saved.`);
    } catch (error) {
      say(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <p class="bw-track__downloads bw-no-print">
      Save as{" "}
      {FORMATS.map(([name, end, accept]) => (
        <button type="button" class="bw-link-button" onClick={() => void save(end, accept)}>
          {name}
        </button>
      ))}{" "}
      <span role="status">{said}</span>
    </p>
  );
}
