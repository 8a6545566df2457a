import { printable } from "../../../printable.ts";

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** An element with attributes and what is in it; text goes in as text. Attributes that are false or undefined are left out. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children);
  return made;
}

/** A name or path out of an image: what could turn what is around it is made visible, or kept to itself. */
export function quoted(text: string): HTMLElement {
  return element("bdi", { class: "path" }, printable(text));
}

/** "1 file", "12,345 files". */
export function counted(count: number, one: string, several = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : several}`;
}

/** "4.2 %", "<0.1 %". */
export function shareText(part: number, whole: number): string {
  if (whole === 0 || part === 0) return "0 %";
  const percent = (part / whole) * 100;
  if (percent < 0.1) return "<0.1 %";
  return `${percent >= 10 ? Math.round(percent) : percent.toFixed(1)} %`;
}
