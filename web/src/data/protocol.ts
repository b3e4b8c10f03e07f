/** What page and server say to each other: docs/reference/studio-protocol.md as types. */

import type { Planes } from "../editing/planes.ts";
import type { WireMask } from "../editing/runs.ts";

export type Kind = "thing" | "stuff";
export type ReviewState = "todo" | "done" | "look";
export type Order = "name" | "random" | "helpful";

export interface ClassInfo { id: number; name: string; color: [number, number, number]; kind: Kind }

export interface ProjectInfo {
  id: string; name: string; version: string; classes: ClassInfo[]; images: number; states: Record<ReviewState, number>;
  assistants: string[]; assistant: string | null; learns?: boolean; tile: number; words?: string[]; trouble?: string;
}

export interface ImageInfo {
  id: number; name: string; state: ReviewState; note: string; revision: number; objects: number; size_hw: [number, number] | null;
  channels: number | null; dtype: string | null; levels: number | null; tile: number; range: [number, number][] | null;
  channel_names: string[]; stack: string; plane: string; planes: Planes | null; can_undo: boolean; can_redo: boolean; changed: boolean; trouble: string; uncertainty: number | null; proposals: number;
}

export interface Attributes {
  class_id: number | null; place: number; locked: boolean; layer: number; crowd: boolean; score: number; tool: string;
  assistant: string | null; proposal: number | null;
}

export interface WireObject extends Attributes, WireMask { id: string; area: number }

export interface WireChange { object: string; before: Attributes | null; after: Attributes | null; added: WireMask | null; removed: WireMask | null }

export interface WireEdit { revision: number; edit_id: string; client: string; kind: string; changes: WireChange[] }

export interface Outcome { revision: number; changes: WireChange[]; merged: boolean; since: WireEdit[]; can_undo: boolean; can_redo: boolean }

export interface WireProposal extends WireMask { id: number; class_id: number | null; area: number; score: number; assistant: string | null; state: string }

export interface Candidate extends WireMask { area: number; score: number; assistant: string }

export interface Candidates { candidates: Candidate[]; fallback: boolean; why: string | null }

export interface CostGroup { by: string; name: string; objects: number; median_seconds: number; mean_seconds: number; p90_seconds: number; clicks: number }

export interface LearningInfo {
  enabled: boolean; after: number; minutes: number; task: string; state: "off" | "waiting" | "learning" | "paused"; stage: string; share: number;
  finished: number; new: number; round: { number: number; name: string; images: number; score: number | null } | null; trouble: string;
}

export interface CurvePoint { number: number; images: number; held_out: number; score: number; low: number | null; high: number | null; minutes: number }

export interface Curve { metric: string; points: CurvePoint[]; stopped: boolean; words: string }
