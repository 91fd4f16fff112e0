/** The signs of wearers, drawn once each and copied: by level, and filled or hollow by whether the fix is fresh. */

import { COLOURS, LEVELS, OLD, RIM } from "./look";

export const SIGN_PX = 22;
const MIDDLE = SIGN_PX / 2;

/** Traces the shape of a level, as `.bw-severity` has it: diamond, triangle, square, circle; without an alert a smaller circle. */
function trace(paint: CanvasRenderingContext2D, level: number): void {
  paint.beginPath();
  switch (LEVELS[level]) {
    case "critical":
      paint.moveTo(MIDDLE, MIDDLE - 9);
      paint.lineTo(MIDDLE + 9, MIDDLE);
      paint.lineTo(MIDDLE, MIDDLE + 9);
      paint.lineTo(MIDDLE - 9, MIDDLE);
      break;
    case "serious":
      paint.moveTo(MIDDLE, MIDDLE - 8);
      paint.lineTo(MIDDLE + 8.5, MIDDLE + 6.5);
      paint.lineTo(MIDDLE - 8.5, MIDDLE + 6.5);
      break;
    case "warning":
      paint.rect(MIDDLE - 5.5, MIDDLE - 5.5, 11, 11);
      break;
    case "information":
      paint.arc(MIDDLE, MIDDLE, 5.5, 0, 2 * Math.PI);
      break;
    default:
      paint.arc(MIDDLE, MIDDLE, 3.6, 0, 2 * Math.PI);
  }
  paint.closePath();
}

function sign(level: number, old: boolean, ratio: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.ceil(SIGN_PX * ratio);
  const paint = canvas.getContext("2d")!;
  paint.scale(ratio, ratio);
  paint.lineJoin = "round";
  const colour = level === 0 && old ? OLD : COLOURS[LEVELS[level]!];
  trace(paint, level);
  if (old) {
    // Hollow: where they were, not where they are.
    paint.lineWidth = level === 0 ? 3.5 : 5.5;
    paint.strokeStyle = RIM;
    paint.stroke();
    paint.fillStyle = "rgba(255, 255, 255, 0.55)";
    paint.fill();
    paint.lineWidth = level === 0 ? 1.4 : 2.4;
    paint.strokeStyle = colour;
    paint.stroke();
  } else {
    paint.lineWidth = level === 0 ? 2 : 3;
    paint.strokeStyle = RIM;
    paint.stroke();
    paint.fillStyle = colour;
    paint.fill();
  }
  return canvas;
}

/** All of them for one pixel ratio: `[level * 2 + old]`. */
export function signs(ratio: number): HTMLCanvasElement[] {
  return LEVELS.flatMap((_, level) => [sign(level, false, ratio), sign(level, true, ratio)]);
}
