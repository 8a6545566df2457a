import { printable } from "../../../printable.ts";
import { layout, type Tile } from "../../treemap/layout.ts";
import type { Tree } from "../../treemap/tree.ts";
import { element } from "./dom.ts";
import type { Words } from "./words.ts";

export interface TreemapEvents {
  /** A name is to be gone to. */
  open(number: number): void;
  /** A name is looked at; undefined: none is. */
  look(number: number | undefined): void;
}

const NARROW = 640;
const HEADER = 18;

/**
 * A folder as a treemap. What is in it are buttons, reached by one tab stop and arrows; what is in those is for the eye
 * alone, and in the table beside.
 */
export class TreemapView {
  readonly element = element("div", { class: "treemap", role: "group" });
  readonly #tree: Tree;
  readonly #words: Words;
  readonly #events: TreemapEvents;
  #folder = 0;
  #leads: Uint8Array | undefined;
  #width = 0;
  #height = 0;

  constructor(tree: Tree, words: Words, events: TreemapEvents) {
    this.#tree = tree;
    this.#words = words;
    this.#events = events;
    this.element.addEventListener("click", (event) => this.#click(event));
    this.element.addEventListener("mouseover", (event) => events.look(numberOf(event.target)));
    this.element.addEventListener("mouseleave", () => events.look(undefined));
    this.element.addEventListener("focusin", (event) => events.look(numberOf(event.target)));
    this.element.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => {
      const { clientWidth, clientHeight } = this.element;
      if (clientWidth !== this.#width || clientHeight !== this.#height) this.#draw();
    }).observe(this.element);
  }

  /** Shows a folder; `leads` says of each name whether it is not to be dimmed. */
  show(folder: number, leads: Uint8Array | undefined): void {
    this.#folder = folder;
    this.#leads = leads;
    this.#draw();
  }

  /** Goes to a name's tile, or the first one. */
  focus(number: number | undefined): void {
    const own = number === undefined ? null : this.element.querySelector(`button[data-number="${number}"]`);
    const tile = own ?? this.element.querySelector("button");
    if (tile instanceof HTMLElement) this.#goTo(tile);
  }

  /** The one tile that tabs reach is the one that has the focus. */
  #goTo(tile: HTMLElement): void {
    for (const button of this.element.querySelectorAll("button")) button.tabIndex = button === tile ? 0 : -1;
    tile.focus();
  }

  #draw(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    [this.#width, this.#height] = [width, height];
    if (width === 0) return;
    const depth = width < NARROW ? 2 : 4;
    const options = { depth, most: 900, leastArea: 40, header: HEADER, gap: 2 };
    const tiles = layout(this.#tree, this.#folder, { x: 0, y: 0, width, height }, options);
    const path = printable(this.#tree.pathOf(this.#folder));
    this.element.setAttribute(
      "aria-label",
      `Treemap of ${path}: arrows move, Enter opens, Backspace goes up`,
    );
    this.element.replaceChildren(...tiles.map((tile, index) => this.#tile(tile, index === 0)));
    if (tiles.length === 0) this.element.append(element("p", {}, "There are no bytes in here."));
  }

  #tile(tile: Tile, isFirst: boolean): HTMLElement {
    const { number, depth, form, width, height } = tile;
    if (form === "rest") return placed(element("div", { class: "tile rest", "aria-hidden": "true" }), tile);
    const isOpen = form === "open";
    const name = `${printable(this.#tree.names[number] ?? "")}${this.#tree.isFolder(number) ? "/" : ""}`;
    const size = this.#words.size(number);
    const isDim = this.#leads !== undefined && this.#leads[number] === 0;
    const classes = ["tile", isOpen ? "open" : this.#words.colour(number), ...(isDim ? ["dim"] : [])];
    const attributes = { class: classes.join(" "), "data-number": number };
    const made =
      depth > 1
        ? element("div", { ...attributes, "aria-hidden": "true" })
        : element("button", {
            ...attributes,
            type: "button",
            tabindex: isFirst ? 0 : -1,
            "aria-label": `${name} ${this.#words.about(number)}`,
          });
    if (width > 40 && height > 16) {
      made.append(element("span", { class: "name" }, name));
      if (isOpen ? width > 120 : width > 58 && height > 33)
        made.append(element("span", { class: "size" }, size));
    }
    return placed(made, tile);
  }

  #click({ target }: Event): void {
    const number = numberOf(target);
    if (number !== undefined) this.#events.open(number);
  }

  #key(event: KeyboardEvent): void {
    const buttons = [...this.element.querySelectorAll<HTMLElement>("button")];
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    const next = {
      ArrowRight: at + 1,
      ArrowDown: at + 1,
      ArrowLeft: at - 1,
      ArrowUp: at - 1,
      Home: 0,
      End: -1,
    };
    if (event.key in next) {
      event.preventDefault();
      const to = buttons.at(next[event.key as keyof typeof next] % Math.max(1, buttons.length));
      if (to !== undefined) this.#goTo(to);
    }
  }
}

function placed(made: HTMLElement, { x, y, width, height }: Tile): HTMLElement {
  made.style.left = `${x}px`;
  made.style.top = `${y}px`;
  made.style.width = `${Math.max(1, width - 1)}px`;
  made.style.height = `${Math.max(1, height - 1)}px`;
  return made;
}

function numberOf(target: EventTarget | null): number | undefined {
  const tile = target instanceof Element ? target.closest("[data-number]") : null;
  return tile instanceof HTMLElement ? Number(tile.dataset["number"]) : undefined;
}
