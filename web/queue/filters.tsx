/** What is shown of the queue: the views that everybody has, one's own, and filters. All of it stands in the address. */

import { SEVERITIES } from "./alert";
import type { Saved } from "./saved";
import { ALL, QUICK, sameView, writeView, type Held, type View } from "./view";
import { kindsInWords, sentence, severityWords } from "./words";

interface FilterProps {
  view: View;
  areas: readonly string[];
  counts: ReadonlyMap<string, number>;
  saved: readonly Saved[];
  me: string;
  shown: number;
  show(view: View): void;
  save(): void;
  drop(saved: Saved): void;
}

const HELD: readonly [Held, string][] = [
  ["", "Any"],
  ["nobody", "Nobody"],
  ["me", "You"],
  ["other", "Somebody else"],
];

interface ChoiceProps {
  name: string;
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
  choose(value: string): void;
}

function Choice({ name, label, value, options, choose }: ChoiceProps) {
  return (
    <div class="bw-filters__field">
      <label class="govuk-label" for={`filter-${name}`}>
        {label}
      </label>
      <select class="govuk-select" id={`filter-${name}`} value={value} onChange={(event) => choose(event.currentTarget.value)}>
        {options.map(([option, words]) => (
          <option key={option} value={option}>
            {words}
          </option>
        ))}
      </select>
    </div>
  );
}

function Views({ view, counts, saved, me, show, drop }: FilterProps) {
  const mine = saved.filter((one) => !QUICK.some((quick) => sameView(quick.view, one.view)));
  return (
    <nav class="bw-views" aria-label="Views">
      <ul class="bw-views__list">
        {QUICK.map((quick) => (
          <li key={quick.name}>
            <a
              href={`/alerts${writeView(quick.view) ? `?${writeView(quick.view)}` : ""}`}
              class="bw-views__link"
              aria-current={sameView(quick.view, view) ? "page" : undefined}
              onClick={(event) => {
                event.preventDefault();
                show({ ...quick.view, sort: view.sort });
              }}
            >
              {quick.words} <span class="bw-views__count">{counts.get(quick.name) ?? 0}</span>
            </a>
          </li>
        ))}
        {mine.map((one) => (
          <li key={one.id}>
            <a
              href={`/alerts?${writeView(one.view)}`}
              class="bw-views__link"
              aria-current={sameView(one.view, view) ? "page" : undefined}
              onClick={(event) => {
                event.preventDefault();
                show(one.view);
              }}
            >
              {one.name}
              {one.owner === me ? "" : ` (${one.owner})`} <span class="bw-views__count">{counts.get(one.id) ?? 0}</span>
            </a>
            {one.owner === me && sameView(one.view, view) ? (
              <button type="button" class="bw-link-button bw-views__drop" onClick={() => drop(one)}>
                Remove<span class="govuk-visually-hidden"> the view {one.name}</span>
              </button>
            ) : null}
          </li>
        ))}
      </ul>
    </nav>
  );
}

export function Filters(props: FilterProps) {
  const { view, areas, show } = props;
  const isPlain = QUICK.some((quick) => sameView(quick.view, view)) || props.saved.some((one) => sameView(one.view, view));
  const kinds: [string, string][] = [["", "Any"], ...kindsInWords()];
  return (
    <div class="bw-no-print">
      <Views {...props} />
      <form class="bw-filters" role="search" aria-label="Filter alerts" onSubmit={(event) => event.preventDefault()}>
        <fieldset class="bw-filters__field bw-filters__severities">
          <legend class="govuk-label">Severity</legend>
          {SEVERITIES.map((severity) => (
            <label key={severity} class="bw-toggle">
              <input
                type="checkbox"
                checked={view.severities.includes(severity)}
                onChange={(event) => {
                  const on = event.currentTarget.checked;
                  show({ ...view, severities: SEVERITIES.filter((one) => (one === severity ? on : view.severities.includes(one))) });
                }}
              />
              <span class={`bw-severity bw-severity--${severity}`}>{severityWords(severity)}</span>
            </label>
          ))}
        </fieldset>
        <Choice name="kind" label="What" value={view.kind} options={kinds} choose={(kind) => show({ ...view, kind })} />
        <Choice name="held" label="Who has it" value={view.held} options={HELD} choose={(held) => show({ ...view, held: held as Held })} />
        <Choice
          name="state"
          label="State"
          value={view.state}
          options={[["", "Any"], ["active", "Active"], ["cleared", "Cleared"]]}
          choose={(state) => show({ ...view, state: state as View["state"] })}
        />
        {areas.length > 1 || view.area ? (
          <Choice
            name="area"
            label="Area"
            value={view.area}
            options={[["", "Any"], ...[...new Set([...areas, view.area].filter(Boolean))].map((area) => [area, sentence(area)] as const)]}
            choose={(area) => show({ ...view, area })}
          />
        ) : null}
        <div class="bw-filters__field bw-filters__text">
          <label class="govuk-label" for="filter-text">
            Name or words
          </label>
          <input
            class="govuk-input"
            id="filter-text"
            type="search"
            autocomplete="off"
            value={view.text}
            onInput={(event) => show({ ...view, text: event.currentTarget.value })}
          />
        </div>
        <Choice
          name="sort"
          label="First"
          value={view.sort}
          options={[["worst", "The worst"], ["newest", "The newest"]]}
          choose={(sort) => show({ ...view, sort: sort as View["sort"] })}
        />
        <div class="bw-filters__ends">
          {isPlain ? null : (
            <>
              <button type="button" class="bw-link-button" onClick={() => show({ ...ALL, sort: view.sort })}>
                Clear filters
              </button>
              <button type="button" class="bw-link-button" onClick={props.save}>
                Save this view
              </button>
            </>
          )}
        </div>
      </form>
    </div>
  );
}
