import type { Channel, Choices, Rule, Secret, Source, Target } from '../api/types';

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
  when: Timed;
  words: Worded;
  mentions: Called;
  secrets: Record<string, Secret>; // what the API keeps
  rest: Partial<Target>; // what this page does not show: it is sent back as it came
}

/** When a target may be told. */
export interface Timed {
  quiet: Span[];
  pass: boolean;
  gapMinutes: number;
}

export interface Span {
  key: string; // of React; never sent
  days: string[];
  from: string;
  to: string;
  zone: string;
}

/** What a target's messages say in its own way. */
export type Worded = { fields: string[]; before: string; after: string };

/** Whom a target's messages call. */
export type Called = { owner: boolean; all: boolean; contacts: string[]; users: string[] };

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
    targets: rule.targets.map(({ secrets, when, words, mentions, ...target }) => ({
      key: crypto.randomUUID(),
      id: target.id,
      channel: target.channel,
      language: target.language ?? '',
      settings: { ...target.settings },
      contacts: target.contacts ?? [],
      when: {
        quiet: (when?.quiet ?? []).map((one) => ({ key: crypto.randomUUID(), days: one.days ?? [], from: one.from, to: one.to, zone: one.zone ?? '' })),
        pass: when?.pass === 'failing',
        gapMinutes: when?.gapMinutes ?? 0,
      },
      words: { fields: words?.fields ?? [], before: words?.before ?? '', after: words?.after ?? '' },
      mentions: { owner: mentions?.owner ?? false, all: mentions?.all ?? false, contacts: mentions?.contacts ?? [], users: mentions?.users ?? [] },
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
  return {
    key: crypto.randomUUID(), id, channel: channel.name, language: '', settings: {}, contacts: [], secrets: {}, rest: {},
    when: { quiet: [], pass: false, gapMinutes: 0 }, words: { fields: [], before: '', after: '' }, mentions: { owner: false, all: false, contacts: [], users: [] },
  };
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
      mentions: said(target.mentions),
      words: said(target.words),
      when: timed(target.when),
    })),
  };
}

/** What of it says something; undefined for nothing. */
function said<T extends object>(part: T): Partial<T> | undefined {
  const kept = Object.entries(part).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : Boolean(value)));
  return kept.length > 0 ? (Object.fromEntries(kept) as Partial<T>) : undefined;
}

/** Whether a part says anything. */
export const anythingIn = (part: object): boolean => said(part) !== undefined;

function timed({ quiet, pass, gapMinutes }: Timed): Target['when'] {
  return said({
    quiet: quiet.map(({ days, from, to, zone }) => ({ from: from.trim(), to: to.trim(), ...said({ days, zone: zone.trim() }) })),
    pass: pass ? 'failing' : '',
    gapMinutes,
  });
}

/** The settings that say something: an empty one does so only where it takes a secret away. */
export function typed(target: DraftTarget): Record<string, string> {
  return Object.fromEntries(Object.entries(target.settings).filter(([name, value]) => value !== '' || name in target.secrets));
}

/** Whether the API keeps a secret of the target that was not typed anew. */
export function keepsSecrets(target: DraftTarget): boolean {
  return Object.keys(target.secrets).some((name) => target.settings[name] === undefined);
}

/** Units as the API counts them: one for each target, or for each of its contacts. */
export function unitsOf(draft: Draft): number {
  return draft.targets.reduce((sum, target) => sum + Math.max(1, target.contacts.length), 0);
}
