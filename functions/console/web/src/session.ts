import { useSyncExternalStore } from 'react';

/**
 * How somebody is signed in, and the only file that knows: an API key that this tab keeps until it is closed, and sends
 * with each request.
 */
const place = 'pai-notify.key';
const listeners = new Set<() => void>();
let ended = false;

function changed() {
  for (const listener of listeners) listener();
}

export const session = {
  /** The headers that say who asks. */
  headers(): Record<string, string> {
    const key = sessionStorage.getItem(place);
    return key ? { Authorization: `Bearer ${key}` } : {};
  },
  signedIn: () => sessionStorage.getItem(place) !== null,
  /** Whether it was the API that ended it. */
  ended: () => ended,
  start(key: string) {
    ended = false;
    sessionStorage.setItem(place, key);
    changed();
  },
  end(byAPI = false) {
    ended = byAPI;
    sessionStorage.removeItem(place);
    changed();
  },
};

export function useSignedIn(): boolean {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, session.signedIn);
}
