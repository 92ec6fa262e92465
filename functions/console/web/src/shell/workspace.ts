import { useSyncExternalStore } from 'react';

const place = 'pai-notify.workspaces'; // those opened before, the last one first
const listeners = new Set<() => void>();
export const workspaceForm = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/;

let read = '';
let list: string[] = [];

function known(): string[] {
  const text = localStorage.getItem(place) ?? '[]';
  if (text !== read) {
    read = text;
    try {
      const parsed: unknown = JSON.parse(text);
      list = Array.isArray(parsed) ? parsed.filter((one) => typeof one === 'string' && workspaceForm.test(one)) : [];
    } catch {
      list = [];
    }
  }
  return list;
}

export function remember(workspace: string) {
  if (known()[0] === workspace || !workspaceForm.test(workspace)) return;
  localStorage.setItem(place, JSON.stringify([workspace, ...known().filter((one) => one !== workspace)].slice(0, 12)));
  listeners.forEach((listener) => listener());
}

/** The workspaces that this browser has opened, the last one first. */
export function useKnown(): string[] {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, known);
}
