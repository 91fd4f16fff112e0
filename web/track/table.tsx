/** The points as a table, a page at a time: everything that the map shows, for everybody. */

import { useEffect, useState } from "preact/hooks";
import type { Fix } from "./trail";
import { QUALITIES, SOURCES, local, localTime, speed, utc } from "./words";

const ROWS = 25;

interface Given {
  fixes: readonly Fix[];
  index: number;
  seek(at: number): void;
}

export function Points({ fixes, index, seek }: Given) {
  const [page, turn] = useState(0);
  const pages = Math.max(1, Math.ceil(fixes.length / ROWS));
  useEffect(() => turn(0), [fixes]);
  const first = page * ROWS;
  const rows = fixes.slice(first, first + ROWS);
  const current = index < 0 ? 0 : Math.floor(index / ROWS);
  if (!fixes.length) return <p class="govuk-body">There are no points in this time that may be shown.</p>;
  return (
    <div>
      <h2 class="govuk-heading-m">
        Points
      </h2>
      <div class="bw-overflow" role="region" aria-label="Points" tabIndex={0}>
        <table class="govuk-table bw-list bw-fixes">
          <caption class="govuk-visually-hidden">
            Points {first + 1} to {first + rows.length} of {fixes.length}, oldest first
          </caption>
          <thead class="govuk-table__head">
            <tr class="govuk-table__row">
              {["Local time", "UTC", "Latitude", "Longitude", "National Grid", "Accuracy", "Speed", "Source", "Use"].map((head) => (
                <th class="govuk-table__header" scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody class="govuk-table__body bw-number">
            {rows.map((fix, n) => (
              <tr class="govuk-table__row" data-current={first + n === index || undefined}>
                <th class="govuk-table__header" scope="row">
                  <button type="button" class="bw-link-button" aria-label={`Go to ${local(fix.at)}`} aria-current={first + n === index ? "true" : undefined} onClick={() => seek(fix.at)}>
                    {n === 0 || new Date(fix.at).getUTCHours() === 0 ? local(fix.at) : localTime(fix.at)}
                  </button>
                </th>
                <td class="govuk-table__cell">{utc(fix.at)}</td>
                <td class="govuk-table__cell">{fix.lat.toFixed(6)}</td>
                <td class="govuk-table__cell">{fix.lon.toFixed(6)}</td>
                <td class="govuk-table__cell">{fix.grid ?? "outside"}</td>
                <td class="govuk-table__cell">{Math.round(fix.acc)} m</td>
                <td class="govuk-table__cell">{speed(fix.speed)}</td>
                <td class="govuk-table__cell">{SOURCES[fix.source] ?? fix.source}</td>
                <td class="govuk-table__cell">{fix.quality === "ok" && !fix.used ? "not used: by the cell alone" : (QUALITIES[fix.quality] ?? fix.quality)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div class="bw-fixes__pages">
        <button type="button" class="govuk-button govuk-button--secondary" disabled={page === 0} onClick={() => turn(page - 1)}>
          Earlier
        </button>
        <span>
          Page {page + 1} of {pages}
        </span>
        <button type="button" class="govuk-button govuk-button--secondary" disabled={page + 1 >= pages} onClick={() => turn(page + 1)}>
          Later
        </button>
        {current !== page && (
          <button type="button" class="govuk-button govuk-button--secondary" onClick={() => turn(current)}>
            To the point on the map
          </button>
        )}
      </div>
    </div>
  );
}
