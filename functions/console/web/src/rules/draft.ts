import type { Channel, Choices, Field, Rule, Secret, Source, Target } from '../api/types';

/** A rule as it is being written. */
export interface Draft {
  name: string;
  description: string;
  enabled: boolean;
  source: string;
  options: string[];
  scope: { kind: string; ids: string[]; prefix: string };
  targets: DraftTarget[];
}

export interface DraftTarget {
  key: string; // of React; never sent
  id: string;
  channel: string;
  language: string;
  /** What was typed. A secret that is missing here is kept, one that is empty is taken away. */
  settings: Record<string, string>;
  contacts: string[];
  mentionsAll: boolean;
  mentionsUsers: string[];
  secrets: Record<string, Secret>; // what the API keeps
  rest: Partial<Target>; // what this page does not show: it is sent back as it came
}

/** What is sent of a draft. */
export type Body = Omit<Rule, 'units' | 'targets'> & { targets: Omit<Target, 'secrets'>[] };

const wholeWorkspace = 'allInWorkspace';

export function empty(choices: Choices): Draft {
  const source = choices.sources[0];
  return { name: '', description: '', enabled: true, source: source?.id ?? '', options: [], scope: firstScope(source), targets: [] };
}

export function firstScope(source: Source | undefined): Draft['scope'] {
  const kinds = source?.scopes.map((one) => one.kind) ?? [];
  return { kind: kinds.includes(wholeWorkspace) || kinds.length === 0 ? wholeWorkspace : (kinds[0] ?? wholeWorkspace), ids: [], prefix: '' };
}

export function draftOf(rule: Rule): Draft {
  return {
    name: rule.name,
    description: rule.description ?? '',
    enabled: rule.enabled ?? true,
    source: rule.event?.source ?? '',
    options: rule.event?.options ?? [],
    scope: { kind: rule.event?.scope.kind ?? wholeWorkspace, ids: rule.event?.scope.ids ?? [], prefix: rule.event?.scope.prefix ?? '' },
    targets: rule.targets.map(({ secrets, ...target }) => ({
      key: crypto.randomUUID(),
      id: target.id,
      channel: target.channel,
      language: target.language ?? '',
      settings: { ...target.settings },
      contacts: target.contacts ?? [],
      mentionsAll: target.mentions?.all ?? false,
      mentionsUsers: target.mentions?.users ?? [],
      secrets: secrets ?? {},
      rest: target,
    })),
  };
}

/** A copy under another name. Secrets cannot be copied: nobody can read them. */
export function copyOf(rule: Rule): Draft {
  const draft = draftOf(rule);
  return { ...draft, name: `${rule.name}-copy`, targets: draft.targets.map((target) => ({ ...target, secrets: {} })) };
}

export function newTarget(channel: Channel, others: DraftTarget[]): DraftTarget {
  let id = channel.name;
  for (let n = 2; others.some((one) => one.id === id); n++) id = `${channel.name}-${n}`;
  return { key: crypto.randomUUID(), id, channel: channel.name, language: '', settings: {}, contacts: [], mentionsAll: false, mentionsUsers: [], secrets: {}, rest: {} };
}

export function bodyOf(draft: Draft): Body {
  const { kind, ids, prefix } = draft.scope;
  return {
    name: draft.name,
    description: draft.description,
    enabled: draft.enabled,
    event: {
      source: draft.source,
      options: draft.options,
      scope: { kind, ...(ids.length > 0 ? { ids } : {}), ...(prefix ? { prefix } : {}) },
    },
    targets: draft.targets.map((target) => ({
      ...target.rest,
      id: target.id,
      channel: target.channel,
      settings: typed(target),
      contacts: target.contacts,
      language: target.language,
      mentions: { ...target.rest.mentions, all: target.mentionsAll, users: target.mentionsUsers },
    })),
  };
}

/** The settings that say something: an empty one does so only where it takes a secret away. */
export function typed(target: DraftTarget): Record<string, string> {
  return Object.fromEntries(Object.entries(target.settings).filter(([name, value]) => value !== '' || name in target.secrets));
}

/** Whether the API keeps a secret of the target that was not typed anew. */
export function keepsSecrets(target: DraftTarget): boolean {
  return Object.keys(target.secrets).some((name) => target.settings[name] === undefined);
}

/** The messages of faults at a place in the document, or below it. */
export function faultsAt(faults: Field[], path: string, below = false): string[] {
  return faults
    .filter((one) => one.path === path || (below && (one.path.startsWith(`${path}.`) || one.path.startsWith(`${path}[`))))
    .map((one) => one.message);
}

/** Units as the API counts them: one for each target, or for each of its contacts. */
export function unitsOf(draft: Draft): number {
  return draft.targets.reduce((sum, target) => sum + Math.max(1, target.contacts.length), 0);
}
