/** The tools there are. */

import type { ToolId } from "../app/state.ts";
import { brush, eraser } from "./brush.ts";
import { click } from "./click.ts";
import { polygon } from "./polygon.ts";
import { hand, select } from "./select.ts";
import { split } from "./split.ts";
import type { Tool } from "./tool.ts";
import { wand } from "./wand.ts";

export const tools: Readonly<Record<ToolId, Tool>> = { select, click, brush, eraser, polygon, wand, split, hand };
