/** How long a person works on an object, and with how many clicks: pauses count as short ones, since nobody labels in them. */

const LONGEST_PAUSE_S = 5;

export class Stopwatch {
  private seconds = 0;
  private clicks = 0;
  private last: number | null = null;
  constructor(private readonly now: () => number = () => performance.now() / 1000) {}

  /** The person did something: a key, a move, a press. */
  stir(clicks = 0): void {
    const now = this.now();
    if (this.last !== null) this.seconds += Math.min(now - this.last, LONGEST_PAUSE_S);
    this.last = now;
    this.clicks += clicks;
  }

  /** What was spent since this was asked last. */
  take(): { seconds: number; clicks: number } {
    this.stir();
    const spent = { seconds: Math.round(this.seconds * 1000) / 1000, clicks: this.clicks };
    this.seconds = this.clicks = 0;
    return spent;
  }
}

/** Seconds an object cost, for the objects made last; those of one step share its seconds. */
export class Costs {
  private readonly spent = new Map<string, number>();
  constructor(private readonly most = 50) {}

  note(objects: readonly { id: string; isGone: boolean }[], seconds: number): void {
    for (const { id, isGone } of objects) {
      if (isGone) {
        this.spent.delete(id);
        continue;
      }
      const before = this.spent.get(id) ?? 0;
      this.spent.delete(id); // so that it is the last one again
      this.spent.set(id, before + seconds / objects.length);
    }
  }

  /** The median of the last ones, and how many they are. */
  median(): { seconds: number; objects: number } | null {
    const last = [...this.spent.values()].slice(-this.most).sort((a, b) => a - b);
    if (last.length === 0) return null;
    const middle = last.length >> 1;
    return { seconds: last.length % 2 === 1 ? last[middle] : (last[middle - 1] + last[middle]) / 2, objects: last.length };
  }
}
