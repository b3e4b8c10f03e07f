/** Pages of this browser: each has a name, and which of them are still open. */

const PREFIX = "maskwright-page-";

const KEY = "maskwright-page";
const LONGEST_MS = 1500; // a name is worth no longer wait

/** A name for this page that no other open one has; a page that is loaded again keeps its own. */
export async function claimName(): Promise<string> {
  const before = sessionStorage.getItem(KEY);
  // A tab that was duplicated has the name of the other, which holds it.
  for (const name of before === null ? [crypto.randomUUID()] : [before, crypto.randomUUID()]) {
    if (await held(name)) {
      sessionStorage.setItem(KEY, name);
      return name;
    }
  }
  return crypto.randomUUID();
}

/** Hold a name as long as the page is open; false where another page has it. */
function held(name: string): Promise<boolean> {
  if (navigator.locks === undefined) return Promise.resolve(true);
  return new Promise((resolve) => {
    setTimeout(() => resolve(false), LONGEST_MS);
    void navigator.locks.request(PREFIX + name, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise(() => {});
    });
  });
}

export async function openPages(): Promise<(name: string) => boolean> {
  const held = await navigator.locks?.query();
  const names = new Set((held?.held ?? []).map((lock) => lock.name));
  return (name) => names.has(PREFIX + name);
}
