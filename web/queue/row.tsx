/** One line of the queue. */

import { clock } from "../shared/clock";
import type { Alert } from "./alert";
import type { Line } from "./queue";
import { stepWords, type Step } from "./steps";
import { ago, alertWords, lateWords, left, outcomeWords, sentence, severityWords } from "./words";

export interface RowProps {
  line: Line;
  place: number;
  top: number | null;
  name: string;
  level: string;
  me: string;
  senior: boolean;
  works: boolean;
  isCursor: boolean;
  /** Tab comes here. */
  isStop: boolean;
  isSelected: boolean;
  isFresh: boolean;
  /** What its protocol does next, where that is known. */
  next: Step | null;
  here(): void;
  select(): void;
  open(): void;
  claim(): void;
  release(): void;
}

export const whoOf = (alert: Alert): string => alert.wearer ?? alert.victim ?? alert.device ?? "the service";

function moreWords(line: Line): string {
  const more = line.alerts.length - 1;
  if (more < 1) return "";
  const worse = line.alerts.filter((alert) => alert !== line.lead && alert.severity === "critical").length;
  return `+${more} more${worse && line.lead.severity !== "critical" ? `, ${worse} critical` : ""}`;
}

function Who({ alert, name, level }: { alert: Alert; name: string; level: string }) {
  if (alert.wearer === null) {
    const what = alert.victim ? "Protected person" : alert.device ? "Device" : "The service";
    return (
      <>
        <span class="bw-line__main">{what}</span>
        <span class="bw-line__under">{alert.victim ?? alert.device ?? ""}</span>
      </>
    );
  }
  return (
    <>
      <span class="bw-line__main">{name || alert.wearer}</span>
      <span class="bw-line__under">
        {name ? alert.wearer : ""}
        {level && level !== "standard" ? `, ${level}` : ""}
      </span>
    </>
  );
}

function Holder({ line, me }: { line: Line; me: string }) {
  const { lead, over } = line;
  if (over) {
    const how = lead.withdrawn ? "Withdrawn" : lead.outcome ? `Closed: ${outcomeWords(lead.outcome).toLowerCase()}` : "Over";
    return (
      <>
        <span class="bw-line__main">{how}</span>
        <span class="bw-line__under">{lead.closed_by ?? ""}</span>
      </>
    );
  }
  if (lead.holder === null) {
    const since = lead.unclaimed_since ?? lead.raised;
    return (
      <>
        <span class="bw-line__main">Nobody</span>
        <span class="bw-line__under">for {ago(since)}</span>
      </>
    );
  }
  const who = lead.holder === me ? "You" : lead.holder;
  const remains = lead.claim_ends ? left(lead.claim_ends) : "";
  return (
    <>
      <span class="bw-line__main">
        {who}
        {lead.claim_ends ? ` until ${clock(lead.claim_ends)}` : ""}
      </span>
      <span class="bw-line__under">{lead.claim_ends ? (remains ? `${remains} left` : "lapsing now") : ""}</span>
    </>
  );
}

function Button({ line, me, senior, claim, release }: Pick<RowProps, "line" | "me" | "senior" | "claim" | "release">) {
  const { holder } = line.lead;
  if (line.over || (holder !== null && holder !== me && !senior)) return null;
  const [words, act] = holder === me ? (["Release", release] as const) : ([holder ? "Take over" : "Claim", claim] as const);
  const whose = `${words} ${alertWords(line.lead)}, ${whoOf(line.lead)}`;
  return (
    <button type="button" class="bw-line__button" tabIndex={-1} aria-label={whose} onClick={act}>
      {words}
    </button>
  );
}

export function Row(props: RowProps) {
  const { line, name, isCursor, isSelected } = props;
  const { lead } = line;
  const late = lateWords(lead);
  const more = moreWords(line);
  const classes = ["bw-line", `bw-line--${lead.severity}`];
  if (isCursor) classes.push("bw-line--here");
  if (isSelected) classes.push("bw-line--selected");
  if (line.over) classes.push("bw-line--over");
  if (lead.holder === null && !line.over) classes.push("bw-line--unclaimed");
  const style = props.top === null ? {} : { position: "absolute" as const, top: `${props.top}px` };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && event.target === event.currentTarget) {
      event.preventDefault();
      props.open();
    }
  };
  return (
    <div
      role="row"
      class={classes.join(" ")}
      style={style}
      data-key={line.key}
      data-alert={lead.id}
      aria-rowindex={props.place + 2}
      aria-selected={isSelected}
      tabIndex={props.isStop ? 0 : -1}
      onKeyDown={onKeyDown}
      onFocus={props.here}
      onClick={props.here}
      onDblClick={props.open}
    >
      <div role="gridcell" class="bw-line__check">
        {props.works ? (
          <input
            type="checkbox"
            tabIndex={-1}
            checked={isSelected}
            disabled={line.over}
            aria-label={`Select ${name || whoOf(lead)}`}
            onClick={(event) => event.stopPropagation()}
            onChange={props.select}
          />
        ) : null}
      </div>
      <div role="gridcell" class="bw-line__severity">
        <span class={`bw-severity bw-severity--${lead.severity}`}>{severityWords(lead.severity)}</span>
        {props.isFresh ? <span class="bw-line__new">New</span> : null}
      </div>
      <div role="gridcell" class="bw-line__what">
        <a class="govuk-link govuk-link--no-visited-state bw-line__main" href={`/alerts/${lead.id}`} tabIndex={-1}>
          {alertWords(lead)}
        </a>
        <span class="bw-line__under">
          {late ? <strong>{sentence(late)}</strong> : null}
          {late && more ? "; " : ""}
          {more}
        </span>
      </div>
      <div role="gridcell" class="bw-line__who">
        <Who alert={lead} name={name} level={props.level} />
      </div>
      <div role="gridcell" class="bw-line__raised">
        <time class="bw-line__main" dateTime={lead.raised} title={`${lead.raised.slice(0, 19).replace("T", " ")} UTC`}>
          {clock(lead.raised, true)}
        </time>
        <span class="bw-line__under">{ago(lead.raised)} ago</span>
      </div>
      <div role="gridcell" class="bw-line__state">
        <span class={lead.state === "active" ? "bw-line__main" : "bw-line__main bw-quiet"}>{sentence(lead.state)}</span>
        <span class="bw-line__under">{props.next && !line.over ? stepWords(props.next) : ""}</span>
      </div>
      <div role="gridcell" class="bw-line__holder">
        <Holder line={line} me={props.me} />
      </div>
      <div role="gridcell" class="bw-line__act">{props.works ? <Button {...props} /> : null}</div>
    </div>
  );
}
