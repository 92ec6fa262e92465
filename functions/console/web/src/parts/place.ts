import type { Field } from '../api/types';
import i18n from '../text';

/** A place in a document that is edited: what is wrong at it and below, and whom to tell that somebody has been there. */
export interface Place {
  path: string;
  faults: Field[];
  touch: (path: string) => void;
}

/** A part of a document that is edited. What is set is laid over the value. */
export interface Part<T> extends Place {
  value: T;
  set: (change: Partial<T>) => void;
}

/** What is wrong, in the page's language. */
export const wrong = (fault: Pick<Field, 'message' | 'zh'>): string => (i18n.language === 'zh' && fault.zh) || fault.message;

/** What is wrong by the faults at a place in the document, or below it. */
export function faultsAt(faults: Field[], path: string, below = false): string[] {
  return faults
    .filter((one) => one.path === path || (below && (one.path.startsWith(`${path}.`) || one.path.startsWith(`${path}[`))))
    .map(wrong);
}

const below = (path: string, member: string) => (path ? `${path}.${member}` : member);

/** What the row of a member is given: of a list, with the faults of what is in it. */
export function at({ path, faults, touch }: Place, member: string, list = false) {
  const whole = below(path, member);
  return { path: whole, faults: faultsAt(faults, whole, list), onLeave: () => touch(whole) };
}

/** A member that is a part of its own. */
export function partOf<T, K extends keyof T & string>({ value, set, path, faults, touch }: Part<T>, member: K): Part<T[K]> {
  return {
    value: value[member],
    set: (change) => set({ [member]: { ...value[member], ...change } } as unknown as Partial<T>),
    path: below(path, member), faults, touch,
  };
}
