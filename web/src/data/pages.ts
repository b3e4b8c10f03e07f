/** Pages of this browser: each has a name, and which of them are still open. */

const PREFIX = "maskwright-page-";

/** A name for this page that no other has, held as long as it is open. */
export function claimName(): string {
  const name = crypto.randomUUID();
  void navigator.locks?.request(PREFIX + name, () => new Promise(() => {}));
  return name;
}

export async function openPages(): Promise<(name: string) => boolean> {
  const held = await navigator.locks?.query();
  const names = new Set((held?.held ?? []).map((lock) => lock.name));
  return (name) => names.has(PREFIX + name);
}
