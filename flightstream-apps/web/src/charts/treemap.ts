import { element } from "../dom.js";

export interface TreemapItem {
  key: string;
  label: string;
  value: number;
  title: string;
  /** Written into the tile as far as there is room, in place of children. */
  text?: string;
  children?: readonly TreemapItem[];
}

interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The shape that tiles are cut for, in the same proportion as the style sheet's. */
const WIDTH = 100;
const HEIGHT = 72;
const HEAD = 9;

/** Rectangles whose areas are the values, the children of each inside it. */
export function drawTreemap(items: readonly TreemapItem[], onPress?: (key: string) => void): HTMLElement {
  const map = element("div", { class: "treemap" });
  const whole: Rect = { x: 0, y: 0, width: WIDTH, height: HEIGHT };
  squarify(items, whole).forEach((rect, index) => {
    const item = items[index]!;
    const tile = createTile(item, rect, whole, `tile shade-${index % 6}`, onPress);
    if (item.children && rect.height > 2 * HEAD && rect.width > 8) {
      const inner: Rect = { x: 0, y: HEAD, width: rect.width, height: rect.height - HEAD };
      const outer: Rect = { x: 0, y: 0, width: rect.width, height: rect.height };
      squarify(item.children, inner).forEach((childRect, childIndex) => {
        tile.append(createTile(item.children![childIndex]!, childRect, outer, "tile leaf"));
      });
    }
    if (item.text && rect.height > 2 * HEAD) tile.append(element("span", { class: "tile-text" }, item.text));
    map.append(tile);
  });
  return map;
}

function createTile(item: TreemapItem, rect: Rect, within: Rect, className: string, onPress?: (key: string) => void): HTMLElement {
  const roomy = rect.width > 7 && rect.height > 5;
  const tile = element("div", { class: className, title: item.title }, element("span", { class: "tile-label" }, roomy ? item.label : ""));
  tile.style.setProperty("left", `${(rect.x / within.width) * 100}%`);
  tile.style.setProperty("top", `${(rect.y / within.height) * 100}%`);
  tile.style.setProperty("width", `${(rect.width / within.width) * 100}%`);
  tile.style.setProperty("height", `${(rect.height / within.height) * 100}%`);
  if (onPress) tile.addEventListener("click", () => onPress(item.key));
  return tile;
}

/** Bruls, Huizing and van Wijk: rows of tiles, each row ended before its tiles get narrower. */
export function squarify(items: ReadonlyArray<{ value: number }>, area: Rect): Rect[] {
  const total = items.reduce((sum, item) => sum + item.value, 0);
  if (!(total > 0)) return items.map(() => ({ x: area.x, y: area.y, width: 0, height: 0 }));
  const scale = (area.width * area.height) / total;
  const rects: Rect[] = [];
  let free = { ...area };
  let row: number[] = [];
  const place = () => {
    const sum = row.reduce((a, b) => a + b, 0);
    const lengthwise = free.width < free.height;
    const side = lengthwise ? free.width : free.height;
    const depth = side > 0 ? sum / side : 0;
    let offset = 0;
    for (const size of row) {
      const length = depth > 0 ? size / depth : 0;
      rects.push(
        lengthwise
          ? { x: free.x + offset, y: free.y, width: length, height: depth }
          : { x: free.x, y: free.y + offset, width: depth, height: length },
      );
      offset += length;
    }
    free = lengthwise
      ? { ...free, y: free.y + depth, height: Math.max(0, free.height - depth) }
      : { ...free, x: free.x + depth, width: Math.max(0, free.width - depth) };
    row = [];
  };
  for (const { value } of items) {
    const size = value * scale;
    const side = Math.min(free.width, free.height);
    if (row.length > 0 && worstRatio([...row, size], side) > worstRatio(row, side)) place();
    row.push(size);
  }
  place();
  return rects;
}

function worstRatio(row: readonly number[], side: number): number {
  const sum = row.reduce((a, b) => a + b, 0);
  return Math.max(...row.map((size) => Math.max((side * side * size) / (sum * sum), (sum * sum) / (side * side * size))));
}
