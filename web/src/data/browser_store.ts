/** What the browser keeps for the page: edits that the server has not acknowledged, in IndexedDB. */

import type { Entry } from "./outbox.ts";

const NAME = "maskwright-studio";
const STORE = "edits";

export interface BrowserStore {
  all(project: string): Promise<Entry[]>;
  put(entries: readonly Entry[]): Promise<void>;
  remove(key: string): Promise<void>;
}

function done(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error("The browser did not keep an edit."));
  });
}

export async function openBrowserStore(): Promise<BrowserStore> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const asking = indexedDB.open(NAME, 1);
    asking.onupgradeneeded = () => asking.result.createObjectStore(STORE, { keyPath: "key" });
    asking.onsuccess = () => resolve(asking.result);
    asking.onerror = () => reject(asking.error ?? new Error("The browser keeps nothing."));
  });
  const write = () => database.transaction(STORE, "readwrite", { durability: "relaxed" });
  return {
    async all(project) {
      const transaction = database.transaction(STORE, "readonly");
      const asking = transaction.objectStore(STORE).getAll() as IDBRequest<Entry[]>;
      await done(transaction);
      return asking.result.filter((entry) => entry.project === project).sort((a, b) => a.at - b.at);
    },
    async put(entries) {
      const transaction = write();
      for (const entry of entries) transaction.objectStore(STORE).put(entry);
      await done(transaction);
    },
    async remove(key) {
      const transaction = write();
      transaction.objectStore(STORE).delete(key);
      await done(transaction);
    },
  };
}

/** For browsers that keep nothing: edits live as long as the page. */
export function forgetfulStore(): BrowserStore {
  return { all: async () => [], put: async () => {}, remove: async () => {} };
}
