import { Tag, Tooltip } from 'antd';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { useCatalog } from '../api/queries';
import type { Channel, Choices, Rule, Secret, Target } from '../api/types';
import { said } from '../text';

/** What a rule's event source is called. */
export function sourceOf(rule: Rule, choices: Choices | undefined, language: string): string {
  const id = rule.event?.source;
  if (!id) return '—';
  return said(choices?.sources.find((one) => one.id === id)?.label, language) || id;
}

/** What the options of a rule are called, in the catalogue's order. */
export function optionsOf(rule: Rule, choices: Choices | undefined, language: string): string[] {
  const chosen = rule.event?.options ?? [];
  const known = choices?.sources.find((one) => one.id === rule.event?.source)?.options ?? [];
  const named = known.filter((one) => chosen.includes(one.id)).map((one) => said(one.label, language));
  return [...named, ...chosen.filter((id) => !known.some((one) => one.id === id))];
}

/** What channels are called, by their names. */
export function useChannelTitle(): (name: string) => string {
  const { i18n } = useTranslation();
  const channels = useCatalog().data?.channels;
  return useCallback((name) => said(channels?.find((one) => one.name === name)?.label, i18n.language) || name, [channels, i18n.language]);
}

/** What may be shown of a secret. */
export function hint(secret: Secret): string {
  return [secret.host, secret.last4 && `…${secret.last4}`].filter(Boolean).join(' ') || secret.fingerprint;
}

/** What may be shown of where a target leads. */
export function whereTo(target: Target): string {
  const secrets = Object.values(target.secrets ?? {});
  const one = secrets.find((secret) => secret.host) ?? secrets[0];
  return one ? hint(one) : (target.contacts ?? []).join(', ');
}

export function ChannelTags({ rule }: { rule: Rule }) {
  const title = useChannelTitle();
  if (rule.targets.length === 0) return <>—</>;
  return (
    <span className="tags">
      {rule.targets.map((target) => (
        <Tooltip key={target.id} title={whereTo(target)}>
          <Tag tabIndex={0}>{title(target.channel)} · {target.id}</Tag>
        </Tooltip>
      ))}
    </span>
  );
}

/** Whether what a channel sends is a template with a few variables, as text messages and calls are. */
export const isTemplated = (channel: Channel | undefined): boolean => channel?.contacts === true && channel.once;
