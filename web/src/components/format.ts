let regionNames: Intl.DisplayNames | undefined;

/** `GB` becomes `United Kingdom`; what the browser does not know stays as it is. */
export function countryName(code: string): string {
  regionNames ??= new Intl.DisplayNames(["en"], { type: "region" });
  try {
    return regionNames.of(code) ?? code;
  } catch {
    return code;
  }
}

/** `CallingUserAssignment` becomes `Calling user assignment`, `first_contact` `First contact`. */
export function words(name: string): string {
  const spaced = name
    .replaceAll("_", " ")
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

const two = (n: number) => String(n).padStart(2, "0");

/** Date and time in the reader's own zone, in the one order nobody reads two ways. */
export function dateAndTime(iso: string | null | undefined): [date: string, time: string] {
  if (!iso) return ["", ""];
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return [iso, ""];
  return [
    `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`,
    `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`,
  ];
}

/** The same as one text. */
export function dateTime(iso: string | null | undefined): string {
  return dateAndTime(iso).join(" ").trim();
}

/** `0:07`, `12:03`, `1:00:00`; seconds are rounded down as a bill would. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return "";
  const whole = Math.floor(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** What is left until a moment: `12:03`, `3:59:59`, `2 days`; nothing once it is over. */
export function timeLeft(until: string, now: number): string {
  const seconds = (new Date(until).getTime() - now) / 1000;
  // Rounded up: what still has half a second is not over.
  if (!(seconds > 0)) return "";
  return seconds >= 172_800 ? `${Math.floor(seconds / 86_400)} days` : duration(Math.ceil(seconds));
}

/** `12.50 GBP`; nothing where nothing is due. */
export function money(amount: string | null | undefined, currency: string | null | undefined): string {
  return amount ? [amount, currency].filter(Boolean).join(" ") : "";
}
