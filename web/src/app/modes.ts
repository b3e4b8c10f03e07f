/** Which tool is chosen, and the change from one to another. */

import type { Tool } from "../tools/tool.ts";
import { tools } from "../tools/table.ts";
import { penIsDown, tool, type ToolId, viewer } from "./state.ts";

export function currentTool(): Tool {
  return tools[tool.value];
}

export function choose(id: ToolId): void {
  if (id === tool.value) return;
  currentTool().cancel();
  penIsDown.value = false;
  tool.value = id;
  viewer.value?.redraw("over");
}
