import type { Panel } from "../panel.js";
import { AircraftGrid } from "./aircraft-grid.js";

const grids = new WeakMap<HTMLElement, AircraftGrid>();

export const aircraftTable: Panel = {
  id: "aircraft-table",
  title: "All aircraft",
  width: 3,

  render(body, { store }) {
    let grid = grids.get(body);
    if (!grid) {
      grid = new AircraftGrid(body, store);
      grids.set(body, grid);
    }
    grid.refresh();
  },
};
