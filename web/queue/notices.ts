/** Notices of the desktop, while the page is not looked at: how many and how bad, never who or where. */

import { isUrgent, type Alert } from "./alert";
import { plural } from "./words";

export const noticesState = (): "on" | "off" | "refused" | "none" => {
  if (!("Notification" in window)) return "none";
  return { granted: "on", denied: "refused", default: "off" }[Notification.permission] as "on" | "off" | "refused";
};

export const askForNotices = async (): Promise<void> => {
  await Notification.requestPermission();
};

let untold = 0;
let critical = 0;

export function notify(alerts: readonly Alert[]): void {
  const urgent = alerts.filter(isUrgent);
  if (!document.hidden) untold = critical = 0;
  if (!document.hidden || urgent.length === 0 || noticesState() !== "on") return;
  untold += urgent.length;
  critical += urgent.filter((alert) => alert.severity === "critical").length;
  const body = critical ? `${plural(critical, "is", "are")} critical.` : "None is critical.";
  const notice = new Notification(plural(untold, "new alert"), { tag: "bailiwick-alerts", body });
  notice.onclick = () => {
    window.focus();
    notice.close();
  };
}
