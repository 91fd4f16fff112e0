// The figures: counts of everything, and whether the states of the orders add up.

import { SEVERITIES, STATES, kindWords, number, sentence, shortNumber } from "./words.js";

const $ = (id) => document.getElementById(id);
const KINDS_SHOWN = 5;
const SPARK_POINTS = 60;
const rates = [];

function item(...children) {
  const li = document.createElement("li");
  li.append(...children);
  return li;
}

function span(text, ...classes) {
  const element = document.createElement("span");
  element.className = classes.join(" ");
  element.textContent = text;
  return element;
}

function put(id, text) {
  const element = $(id);
  if (element.textContent !== text) element.textContent = text;
}

function showOrders(counts) {
  put("orders-active", number(counts.orders_active));
  const states = Object.keys(STATES).map((state) => [state, counts.orders[state] ?? 0]);
  const total = states.reduce((sum, [, count]) => sum + count, 0);
  $("orders-bar").replaceChildren(...states.filter(([, count]) => count).map(([state, count]) => {
    const part = span("", "part", state);
    part.style.flexGrow = String(count);
    return part;
  }));
  $("orders-states").replaceChildren(...states.map(([state, count]) => {
    const row = item(span("", "swatch", state), span(STATES[state], "word"), span(number(count), "count"));
    row.classList.toggle("none", count === 0);
    row.dataset.state = state;
    row.dataset.count = String(count);
    return row;
  }));
  const holds = total === counts.orders_active;
  $("orders-sum").classList.toggle("wrong", !holds);
  put("orders-sum", holds
    ? (total ? "Every order in force is in exactly one state" : "No order is in force")
    : `The states add up to ${number(total)}, not to ${number(counts.orders_active)}`);
}

function showSeverities(counts) {
  $("severities").replaceChildren(...SEVERITIES.map((severity) => {
    const count = counts.alerts_active[severity] ?? 0;
    const shape = span("", "shape", severity);
    shape.setAttribute("aria-hidden", "true");
    const row = item(shape, span(shortNumber(count), "count"), span(sentence(severity), "word"));
    row.classList.toggle("none", count === 0);
    row.dataset.severity = severity;
    row.dataset.count = String(count);
    return row;
  }));
}

function showKinds(counts) {
  const kinds = Object.entries(counts.violations_open).filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
  const total = kinds.reduce((sum, [, count]) => sum + count, 0);
  put("violations-open", number(total));
  const most = kinds[0]?.[1] ?? 1;
  const shown = kinds.slice(0, KINDS_SHOWN).map(([kind, count]) => {
    const bar = span("", "share");
    bar.style.width = `${(100 * count) / most}%`;
    const row = item(span(kindWords(kind), "word"), span(number(count), "count"), bar);
    row.dataset.kind = kind;
    return row;
  });
  const rest = kinds.slice(KINDS_SHOWN).reduce((sum, [, count]) => sum + count, 0);
  if (rest) shown.push(item(span(`${kinds.length - KINDS_SHOWN} more kinds`, "word"), span(number(rest), "count")));
  if (!shown.length) shown.push(item(span("None is open", "word")));
  $("kinds").replaceChildren(...shown);
}

function showFlow(counts) {
  put("wearers", number(counts.wearers));
  put("devices", number(counts.devices));
  put("rate", number(Math.round(counts.facts_per_s)));
  put("facts", shortNumber(counts.facts));
  put("parked", number(Object.values(counts.dead_letters).reduce((sum, count) => sum + count, 0)));
  rates.push(counts.facts_per_s);
  if (rates.length > SPARK_POINTS) rates.shift();
  const top = Math.max(...rates, 1);
  const step = 120 / (SPARK_POINTS - 1);
  const start = 120 - step * (rates.length - 1);
  const line = rates.map((rate, at) => `${at ? "L" : "M"}${(start + at * step).toFixed(1)} ${(26 - (24 * rate) / top).toFixed(1)}`);
  $("spark").firstElementChild.setAttribute("d", line.join(""));
}

export function showFigures(counts) {
  showOrders(counts);
  showSeverities(counts);
  showKinds(counts);
  showFlow(counts);
}
