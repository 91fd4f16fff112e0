/** The lines: only those on the screen are in the page once there are many, so that ten thousand stay quick. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";

const ALL_UP_TO = 80;
const AROUND = 10;
const GUESS_PX = 52;

interface ListProps {
  order: readonly string[];
  cursor: string | null;
  head: ComponentChildren;
  row(key: string, place: number, top: number | null): ComponentChildren;
}

export function List({ order, cursor, head, row }: ListProps) {
  const box = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState(GUESS_PX);
  const [part, setPart] = useState<readonly [number, number]>([0, 60]);
  const isVirtual = order.length > ALL_UP_TO;

  useEffect(() => {
    if (!isVirtual) return;
    let asked = 0;
    const look = (): void => {
      asked = 0;
      const top = box.current?.getBoundingClientRect().top ?? 0;
      const from = Math.max(0, Math.floor(-top / height) - AROUND);
      const to = Math.ceil((window.innerHeight - top) / height) + AROUND;
      setPart((held) => (held[0] === from && held[1] === to ? held : [from, to]));
    };
    const soon = (): void => {
      asked ||= requestAnimationFrame(look);
    };
    look();
    window.addEventListener("scroll", soon, { passive: true });
    window.addEventListener("resize", soon, { passive: true });
    return () => {
      cancelAnimationFrame(asked);
      window.removeEventListener("scroll", soon);
      window.removeEventListener("resize", soon);
    };
  }, [isVirtual, height, order.length]);

  useLayoutEffect(() => {
    const first = isVirtual ? box.current?.querySelector<HTMLElement>("[role=row]") : null;
    if (first && first.offsetHeight > 0 && Math.abs(first.offsetHeight - height) > 0.5) setHeight(first.offsetHeight);
  });

  const shown: [string, number][] = [];
  const [from, to] = isVirtual ? part : [0, order.length];
  for (let place = from; place < Math.min(to, order.length); place += 1) shown.push([order[place] as string, place]);
  const at = isVirtual && cursor !== null ? order.indexOf(cursor) : -1;
  if (at >= 0 && at < from) shown.unshift([cursor as string, at]);
  if (at >= Math.min(to, order.length)) shown.push([cursor as string, at]);
  const style = isVirtual ? { height: `${order.length * height}px` } : { height: "auto" };
  return (
    <div role="grid" class={isVirtual ? "bw-queue bw-queue--many" : "bw-queue"} aria-label="Alerts" aria-rowcount={order.length + 1} aria-multiselectable={true}>
      {head}
      <div role="rowgroup" class="bw-queue__lines" ref={box} style={style}>
        {shown.map(([key, place]) => row(key, place, isVirtual ? place * height : null))}
      </div>
    </div>
  );
}
