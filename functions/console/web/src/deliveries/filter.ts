import { useMemo } from 'react';
import { useSearchParams } from 'react-router';
import type { Filter } from '../api/queries';
import type { Chosen } from '../api/types';

export const states = ['waiting', 'claimed', 'delivered', 'dead', 'cancelled', 'duplicate'] as const;

/** How far back, in hours; the address keeps the word, so that a link goes on meaning the last day. */
export const ranges: Record<string, number> = { hour: 1, day: 24, week: 168 };

/** A choice of deliveries as the address has it. */
export interface Choice {
  workspace: string;
  state: string[];
  rule: string;
  channel: string;
  object: string;
  event: string;
  range: string;
}

const members = ['workspace', 'state', 'rule', 'channel', 'object', 'event', 'range'] as const;

export function useChoice(): [Choice, (part: Partial<Choice>) => void, () => void] {
  const [search, setSearch] = useSearchParams();
  const choice = useMemo<Choice>(
    () => ({
      workspace: search.get('workspace') ?? '',
      state: (search.get('state') ?? '').split(',').filter((one) => (states as readonly string[]).includes(one)),
      rule: search.get('rule') ?? '',
      channel: search.get('channel') ?? '',
      object: search.get('object') ?? '',
      event: search.get('event') ?? '',
      range: Object.hasOwn(ranges, search.get('range') ?? '') ? (search.get('range') ?? '') : '',
    }),
    [search],
  );
  const change = (part: Partial<Choice>) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        for (const [name, value] of Object.entries(part)) {
          const text = String(value);
          if (text) next.set(name, text);
          else next.delete(name);
        }
        return next;
      },
      { replace: true },
    );
  const clear = () =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before);
        for (const name of members) if (name !== 'workspace') next.delete(name);
        return next;
      },
      { replace: true },
    );
  return [choice, change, clear];
}

function since(range: string): string | undefined {
  const hours = ranges[range];
  return hours === undefined ? undefined : new Date(Date.now() - hours * 3_600_000).toISOString();
}

/** The choice as the list takes it. */
export function filterOf(choice: Choice): Filter {
  return {
    workspace: choice.workspace, state: choice.state.join(','), rule: choice.rule, channel: choice.channel, object: choice.object, event: choice.event,
    from: since(choice.range),
  };
}

/** The choice as a job takes it; undefined where it would be everything, which the API does not do by a slip. */
export function chosenOf(choice: Choice, states: string[]): Chosen | undefined {
  const from = since(choice.range);
  const { workspace, rule, channel, object, event } = choice;
  if (!workspace && !rule && !channel && !object && !event && !from) return undefined;
  return Object.fromEntries(Object.entries({ workspace, rule, channel, object, event, from, states }).filter(([, value]) => value !== '' && value !== undefined));
}
