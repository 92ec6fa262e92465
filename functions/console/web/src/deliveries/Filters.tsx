import { Button, Input, Select } from 'antd';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useCatalog } from '../api/queries';
import { useSettled } from '../parts/useSettled';
import { said } from '../text';
import { ranges, states, type Choice } from './filter';

interface FiltersProps {
  choice: Choice;
  change: (part: Partial<Choice>) => void;
  clear: () => void;
}

/** What the list is narrowed to; the address keeps it. */
export function Filters({ choice, change, clear }: FiltersProps) {
  const { t, i18n } = useTranslation();
  const channels = useCatalog().data?.channels ?? [];
  const any = choice.state.length > 0 || [choice.rule, choice.channel, choice.object, choice.event, choice.range].some(Boolean);
  return (
    <section className="filters" aria-label={t('deliveries.filters')}>
      <Select mode="multiple" allowClear maxTagCount={1} maxTagPlaceholder={(others) => `+${others.length}`} aria-label={t('deliveries.state')} placeholder={t('deliveries.state')} value={choice.state} onChange={(state: string[]) => change({ state })} options={states.map((one) => ({ value: one, label: t(`state.${one}`) }))} />
      <Select allowClear aria-label={t('deliveries.channel')} placeholder={t('deliveries.channel')} value={choice.channel || undefined} onChange={(channel?: string) => change({ channel: channel ?? '' })} options={channels.map((one) => ({ value: one.name, label: said(one.label, i18n.language) }))} />
      <Select allowClear aria-label={t('deliveries.range')} placeholder={t('deliveries.range')} value={choice.range || undefined} onChange={(range?: string) => change({ range: range ?? '' })} options={Object.keys(ranges).map((one) => ({ value: one, label: t(`deliveries.${one === 'hour' ? 'rangeHour' : one === 'day' ? 'rangeDay' : 'rangeWeek'}`) }))} />
      <Typed label={t('deliveries.rule')} value={choice.rule} change={(rule) => change({ rule })} />
      <Typed label={t('deliveries.object')} value={choice.object} change={(object) => change({ object })} />
      <Typed label={t('deliveries.event')} value={choice.event} change={(event) => change({ event })} />
      {any && <Button type="link" onClick={clear}>{t('deliveries.clear')}</Button>}
    </section>
  );
}

function Typed({ label, value, change }: { label: string; value: string; change: (value: string) => void }) {
  const [text, setText] = useState(value);
  const settled = useSettled(text, 400);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (settled === text && settled.trim() !== value) change(settled.trim());
    // Only what was typed changes the choice; a choice that changes otherwise comes in by the effect above.
  }, [settled]);
  return <Input allowClear aria-label={label} placeholder={label} value={text} spellCheck={false} autoComplete="off" onChange={(event) => setText(event.target.value)} />;
}
