import { QueryClient, useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { call, get, Refused } from './client';
import type { Choices, Delivery, DeliveryTold, Page, Policy, Rule, Settings, Setup, Summary } from './types';

/** Answers that another try may change: no answer, too many at once, an instance that just ended. */
const passing = new Set(['TimedOut', 'Throttled', 'ResourceExhausted', 'Unavailable', 'Strange']);

export const client = new QueryClient({
  defaultOptions: {
    queries: {
      networkMode: 'always',
      staleTime: 5_000,
      refetchOnWindowFocus: true,
      retry: (times, error) => times < 2 && error instanceof Refused && passing.has(error.problem.code),
      retryDelay: (times) => 500 * 2 ** times,
    },
    mutations: { networkMode: 'always' },
  },
});

const workspacePath = (workspace: string) => `workspaces/${encodeURIComponent(workspace)}/rules`;

export const rulePath = (workspace: string, name: string) => `${workspacePath(workspace)}/${encodeURIComponent(name)}`;
export const rulesPath = workspacePath;

export function useCatalog() {
  return useQuery({ queryKey: ['catalog'], staleTime: 60_000, queryFn: ({ signal }) => get<Choices>('catalog', {}, signal) });
}

/** All rules of a workspace: a bus holds few enough for one list. */
export function useRules(workspace: string) {
  return useQuery({
    queryKey: ['rules', workspace],
    queryFn: async ({ signal }) => {
      const all: Rule[] = [];
      let cursor: string | undefined;
      do {
        const page: Page<Rule> = await get(workspacePath(workspace), { limit: 500, cursor }, signal);
        all.push(...page.items);
        cursor = page.next;
      } while (cursor);
      return all;
    },
  });
}

export function useRule(workspace: string, name: string | undefined) {
  return useQuery({
    queryKey: ['rule', workspace, name],
    enabled: name !== undefined,
    staleTime: 0,
    refetchOnWindowFocus: false, // an edit is under way
    queryFn: ({ signal }) => call<Rule>('GET', rulePath(workspace, name ?? ''), { signal }),
  });
}

export function useSettings() {
  return useQuery({ queryKey: ['settings'], queryFn: ({ signal }) => get<Settings>('settings', {}, signal) });
}

export function useSetup(workspace: string, polling: (setup: Setup | undefined) => number | false) {
  const { i18n } = useTranslation();
  return useQuery<Setup>({
    queryKey: ['setup', workspace, i18n.language],
    queryFn: ({ signal }) => get<Setup>('setup', { workspace }, signal),
    refetchInterval: (query) => polling(query.state.data),
    refetchOnWindowFocus: false, // it makes some twenty calls
  });
}

export function usePolicy(wanted: boolean) {
  const { i18n } = useTranslation();
  return useQuery({
    queryKey: ['policy', i18n.language],
    enabled: wanted,
    staleTime: Infinity,
    queryFn: ({ signal }) => get<Policy>('setup/policy', {}, signal),
  });
}

export interface Filter {
  workspace?: string;
  state?: string;
  rule?: string;
  channel?: string;
  object?: string;
  event?: string;
  from?: string;
  to?: string;
}

export function useNewest(filter: Filter, limit: number, every: number | false = false) {
  return useQuery({
    queryKey: ['deliveries', 'newest', filter, limit],
    refetchInterval: every,
    queryFn: async ({ signal }) => (await get<Page<Delivery>>('deliveries', { ...filter, limit }, signal)).items,
  });
}

export function useDelivery(id: string | undefined, every: (told: DeliveryTold | undefined) => number | false) {
  return useQuery<DeliveryTold>({
    queryKey: ['deliveries', 'one', id],
    enabled: id !== undefined,
    refetchInterval: (query) => every(query.state.data),
    queryFn: ({ signal }) => get<DeliveryTold>(`deliveries/${id}`, {}, signal),
  });
}

export function useSummary(workspace: string | undefined, every: number) {
  return useQuery({
    queryKey: ['deliveries', 'summary', workspace],
    refetchInterval: every,
    queryFn: ({ signal }) => get<Summary>('deliveries/summary', { workspace }, signal),
  });
}
