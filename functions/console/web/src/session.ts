import { useSyncExternalStore } from 'react';
import { call, onSignedOut, Refused } from './api/client';
import type { Caller } from './api/types';

/**
 * How somebody is signed in, and the only file that knows: a session whose cookie the browser alone can read. Until the API
 * has been asked nobody knows whether there is one.
 */
type State = { is: 'asking' } | { is: 'in'; caller: Caller } | { is: 'out'; ended: boolean } | { is: 'unknown'; error: unknown };

let state: State = { is: 'asking' };
const listeners = new Set<() => void>();

function become(next: State) {
  state = next;
  for (const listener of listeners) listener();
}

onSignedOut(() => {
  if (state.is === 'in') become({ is: 'out', ended: true });
});

export const session = {
  /** Asks whether there is one. */
  async ask() {
    try {
      become({ is: 'in', caller: (await call<Caller>('GET', 'session')).body });
    } catch (error) {
      const out = error instanceof Refused && error.problem.status === 401;
      become(out ? { is: 'out', ended: false } : { is: 'unknown', error });
    }
  },
  /** Opens one with an API key. */
  async start(key: string) {
    const { body } = await call<Caller>('POST', 'session', { headers: { Authorization: `Bearer ${key}` } });
    become({ is: 'in', caller: body });
  },
  async end() {
    await call('DELETE', 'session');
    become({ is: 'out', ended: false });
  },
};

export function useSession(): State {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}

const order = ['viewer', 'editor', 'admin'];

/** Whether the caller has a role or a higher one; what they may not do is not offered to them. */
export function useMay(role: 'editor' | 'admin'): boolean {
  const now = useSession();
  return now.is === 'in' && order.indexOf(now.caller.role) >= order.indexOf(role);
}
