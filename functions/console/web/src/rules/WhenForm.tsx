import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Checkbox, Input, InputNumber } from 'antd';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import type { Limits } from '../api/types';
import { Folded } from '../parts/Folded';
import { at, type Part } from '../parts/place';
import { Group, Row } from '../parts/Row';
import { Zone } from '../parts/Zone';
import { useMay } from '../session';
import type { Span, Timed } from './draft';

const week = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const monday = Date.UTC(2024, 0, 1); // a Monday

/** What a day of the week is called. */
function dayName(day: string, language: string): string {
  const at = new Date(monday + week.indexOf(day) * 86_400_000);
  return at.toLocaleDateString(language, { weekday: 'short', timeZone: 'UTC' });
}

function spanSaid(span: Span, t: TFunction, language: string): string {
  const days = span.days.length === 0 || span.days.length === 7
    ? t('when.everyDay')
    : week.filter((day) => span.days.includes(day)).map((day) => dayName(day, language)).join(t('common.comma'));
  return t('when.quietShort', { from: span.from, to: span.to, days });
}

function timedSaid(when: Timed, t: TFunction, language: string): string {
  const parts = [
    ...when.quiet.map((span) => spanSaid(span, t, language)),
    when.pass && when.quiet.length > 0 && t('when.passShort'),
    when.gapMinutes > 0 && t('when.gapShort', { n: when.gapMinutes }),
  ].filter(Boolean);
  return parts.join(' · ') || t('when.any');
}

/** Quiet hours, and how far apart messages are. */
export function WhenForm({ limits, ...part }: Part<Timed> & { limits: Limits }) {
  const { t, i18n } = useTranslation();
  const may = useMay('editor');
  const { value: when, set, path, faults, touch } = part;
  return (
    <Folded title={t('when.title')} summary={timedSaid(when, t, i18n.language)} place={part}>
      <Group label={t('when.quiet')} help={t('when.quietHelp')} {...at(part, 'quiet')}>
        {when.quiet.map((span, i) => (
          <SpanForm
            key={span.key}
            n={i + 1}
            value={span}
            set={(change) => set({ quiet: when.quiet.map((one) => (one.key === span.key ? { ...one, ...change } : one)) })}
            path={`${path}.quiet[${i}]`}
            faults={faults}
            touch={touch}
            remove={() => set({ quiet: when.quiet.filter((one) => one.key !== span.key) })}
          />
        ))}
        <div className="row">
          <Button
            size="small"
            icon={<PlusOutlined />}
            disabled={!may || when.quiet.length >= limits.quiet}
            onClick={() => set({ quiet: [...when.quiet, { key: crypto.randomUUID(), days: [], from: '22:00', to: '08:00', zone: '' }] })}
          >
            {t('when.add')}
          </Button>
          {when.quiet.length > 0 && <Checkbox checked={when.pass} onChange={(event) => set({ pass: event.target.checked })}>{t('when.pass')}</Checkbox>}
        </div>
      </Group>
      <Row label={t('when.gap')} help={t('when.gapHelp')} {...at(part, 'gapMinutes')}>
        {(tied) => <InputNumber {...tied} min={0} max={limits.gapMinutes} precision={0} value={when.gapMinutes} onChange={(value) => set({ gapMinutes: value ?? 0 })} />}
      </Row>
    </Folded>
  );
}

function SpanForm({ n, remove, ...part }: Part<Span> & { n: number; remove: () => void }) {
  const { t, i18n } = useTranslation();
  const { value: span, set } = part;
  const time = (name: 'from' | 'to') => (
    <Row label={t(`when.${name}`)} {...at(part, name)}>
      {(tied) => <Input {...tied} value={span[name]} maxLength={5} autoComplete="off" placeholder="00:00" onChange={(event) => set({ [name]: event.target.value })} />}
    </Row>
  );
  return (
    <fieldset className="span plain" data-path={part.path}>
      <legend className="sr">{t('when.span', { n })}</legend>
      <div className="spanHours">
        {time('from')}
        {time('to')}
        <Row label={t('when.zone')} required={false} {...at(part, 'zone')}>
          {(tied) => <Zone tied={tied} value={span.zone} set={(zone) => set({ zone })} placeholder="Asia/Shanghai" />}
        </Row>
        <Button type="text" danger icon={<DeleteOutlined />} aria-label={t('when.remove', { n })} onClick={remove} />
      </div>
      <Group label={t('when.days')} help={t('when.daysHelp')} {...at(part, 'days', true)}>
        <Checkbox.Group value={span.days} onChange={(days) => set({ days: week.filter((day) => (days as string[]).includes(day)) })} options={week.map((day) => ({ value: day, label: dayName(day, i18n.language) }))} />
      </Group>
    </fieldset>
  );
}
