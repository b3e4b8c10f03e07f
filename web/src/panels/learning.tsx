/** Learning while one labels: how far it is, what it waits for, and the score against labelled images. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { loadList } from "../app/studio.ts";
import { image, list, order, place, project, say } from "../app/state.ts";
import { api, ServerError } from "../data/api.ts";
import type { Curve, LearningInfo } from "../data/protocol.ts";

const LOOK_MS = 3000;
const WIDTH = 256, HEIGHT = 96, LEFT = 26, RIGHT = 8, TOP = 6, BOTTOM = 16;
const STAGES: Record<string, string> = {
  starting: "Starting", reading: "Reading the labels", planning: "Planning", training: "Training", scoring: "Scoring", predicting: "Proposing",
};

const learning = signal<LearningInfo | null>(null);
const curve = signal<Curve | null>(null);

async function look(): Promise<void> {
  if (document.hidden) return;
  try {
    take(await api.learning());
  } catch {
    // The outbox says when the server is not there.
  }
}

function take(next: LearningInfo): void {
  const before = learning.value;
  learning.value = next;
  if (curve.value !== null && before?.round?.number === next.round?.number && before?.state === next.state) return;
  void api.learningCurve().then((found) => (curve.value = found)).catch(() => {});
  if (before?.round?.number !== next.round?.number) void api.project().then(({ assistants }) => project.value !== null && (project.value = { ...project.value, assistants })).catch(() => {});
  if (before?.state === "learning" && next.state === "waiting" && before.stage === "predicting") void refresh(next);
}

/** What was learnt changes the order of the images and their proposals, and answers clicks; the open image stays where it is. */
async function refresh({ round }: LearningInfo): Promise<void> {
  say(`Learnt from ${round?.images ?? 0} images: the proposals of the others are new. The assistant "learned" turns clicks into masks.`);
  if (order.value !== "helpful") return;
  await loadList().catch(() => {});
  const at = list.value.images.findIndex((one) => one?.id === image.value?.id);
  if (at >= 0) place.value = at;
}

async function tell(values: Partial<LearningInfo> & { do?: "start" | "stop" | "pause" | "resume" }): Promise<void> {
  try {
    take(await api.changeLearning(values));
  } catch (error) {
    say(error instanceof ServerError ? error.message : String(error), true);
  }
}

/** In words, what it is doing or waiting for. */
function words(now: LearningInfo): string {
  const left = Math.max(0, now.after - now.new);
  if (now.state === "paused") return "Paused";
  if (now.state === "learning") return STAGES[now.stage] ?? now.stage;
  if (now.state === "off") return "Switched off";
  return left > 0 ? `Begins after ${left} more ${left === 1 ? "image" : "images"} done` : "Begins soon";
}

/** The score against labelled images, with its interval. */
function Chart({ found }: { found: Curve }) {
  const { points } = found;
  if (points.length === 0) return null;
  const most = Math.max(...points.map((one) => one.images));
  const x = (images: number) => LEFT + (images / most) * (WIDTH - LEFT - RIGHT), y = (score: number) => TOP + (1 - score) * (HEIGHT - TOP - BOTTOM);
  const last = points[points.length - 1];
  const [metric] = found.metric.split("/"); // of which objects it speaks is said nowhere but in reports
  const minutes = last.minutes < 10 ? last.minutes.toFixed(1) : Math.round(last.minutes);
  return (
    <figure class="curve">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${metric}: ${points.map((one) => `${one.score.toFixed(2)} after ${one.images} images`).join(", ")}`}>
        {[0, 0.5, 1].map((score) => <g key={score}><line class="grid" x1={LEFT} x2={WIDTH - RIGHT} y1={y(score)} y2={y(score)} /><text x={LEFT - 4} y={y(score) + 3} text-anchor="end">{score}</text></g>)}
        <text x={LEFT} y={HEIGHT - 4}>0</text><text x={WIDTH - RIGHT} y={HEIGHT - 4} text-anchor="end">{most} images</text>
        {points.map((one) => one.low !== null && one.high !== null && <line key={one.number} class="interval" x1={x(one.images)} x2={x(one.images)} y1={y(one.low)} y2={y(one.high)} />)}
        <polyline class="line" points={points.map((one) => `${x(one.images)},${y(one.score)}`).join(" ")} />
        {points.map((one) => <circle key={one.number} cx={x(one.images)} cy={y(one.score)} r="2.6"><title>{`${one.score.toFixed(3)} on ${one.held_out} held-out images, after ${one.images} images and ${one.minutes} min`}</title></circle>)}
      </svg>
      <figcaption><b>{last.score.toFixed(2)}</b> {metric}, after {minutes} min of labelling</figcaption>
    </figure>
  );
}

function Settings({ now }: { now: LearningInfo }) {
  const number = (name: "after" | "minutes", label: string, low: number, step: number) => (
    <label class="choice"><span>{label}</span>
      <input type="number" min={low} step={step} value={now[name]} onChange={(event) => event.currentTarget.checkValidity() && void tell({ [name]: event.currentTarget.valueAsNumber })} />
    </label>
  );
  return (
    <>
      <div class="checks"><label><input type="checkbox" checked={now.enabled} onChange={(event) => void tell({ enabled: event.currentTarget.checked })} /> Learn by itself</label></div>
      {number("after", "After images done", 1, 1)}
      {number("minutes", "Minutes of a training", 0.1, 0.1)}
    </>
  );
}

export function Learning() {
  const learns = project.value?.learns === true;
  useEffect(() => {
    if (!learns) return;
    void look();
    const timer = setInterval(() => void look(), LOOK_MS);
    return () => clearInterval(timer);
  }, [learns]);
  const now = learning.value;
  if (now === null) return null;
  const isBusy = now.stage !== "", isPaused = now.state === "paused";
  return (
    <details class="panel appearance learning">
      <summary><h2>Learning <span class="learning-state" data-state={now.state}>{words(now)}</span></h2></summary>
      {isBusy && <progress aria-label={words(now)} max={1} value={now.stage === "training" || now.stage === "predicting" ? now.share : undefined} />}
      {now.trouble !== "" && <p class="wrong">{now.trouble}</p>}
      <div class="actions wide">
        {isBusy || isPaused
          ? <button type="button" class="button" onClick={() => void tell({ do: isPaused ? "resume" : "pause" })}>{isPaused ? "Go on" : "Pause"}</button>
          : <button type="button" class="button" onClick={() => void tell({ do: "start" })}>Learn now</button>}
        {isBusy && <button type="button" class="button" onClick={() => void tell({ do: "stop" })}>Stop</button>}
      </div>
      {curve.value !== null && <Chart found={curve.value} />}
      {curve.value !== null && curve.value.points.length > 0 && <p class={curve.value.stopped ? "hint is-stopped" : "hint"}>{curve.value.words}</p>}
      <Settings now={now} />
    </details>
  );
}
