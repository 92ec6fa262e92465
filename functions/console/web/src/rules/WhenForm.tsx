import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Checkbox, Input, InputNumber } from 'antd';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import type { Field, Limits } from '../api/types';
import { Folded } from '../parts/Folded';
import { Group, Row } from '../parts/Row';
import { Zone } from '../parts/Zone';
import { faultsAt, type Span, type Timed } from './draft';

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
    : week.filter((day) => span.days.includes(day)).map((day) => dayName(day, language)).join(', ');
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

interface WhenFormProps {
  when: Timed;
  set: (when: Timed) => void;
  path: string;
  faults: Field[];
  touch: (path: string) => void;
  limits: Limits;
}

/** Quiet hours, and how far apart messages are. */
export function WhenForm({ when, set, path, faults, touch, limits }: WhenFormProps) {
  const { t, i18n } = useTranslation();
  const put = (key: string, part: Partial<Span>) => set({ ...when, quiet: when.quiet.map((one) => (one.key === key ? { ...one, ...part } : one)) });
  return (
    <Folded title={t('when.title')} summary={timedSaid(when, t, i18n.language)} path={path} wrong={faultsAt(faults, path, true).length > 0}>
      <Group label={t('when.quiet')} path={`${path}.quiet`} faults={faultsAt(faults, `${path}.quiet`)} help={t('when.quietHelp')}>
        {when.quiet.map((span, i) => (
          <SpanForm
            key={span.key}
            span={span}
            n={i + 1}
            set={(part) => put(span.key, part)}
            path={`${path}.quiet[${i}]`}
            faults={faults}
            touch={touch}
            remove={() => set({ ...when, quiet: when.quiet.filter((one) => one.key !== span.key) })}
          />
        ))}
        <div className="row">
          <Button
            size="small"
            icon={<PlusOutlined />}
            disabled={when.quiet.length >= limits.quiet}
            onClick={() => set({ ...when, quiet: [...when.quiet, { key: crypto.randomUUID(), days: [], from: '22:00', to: '08:00', zone: '' }] })}
          >
            {t('when.add')}
          </Button>
          {when.quiet.length > 0 && <Checkbox checked={when.pass} onChange={(event) => set({ ...when, pass: event.target.checked })}>{t('when.pass')}</Checkbox>}
        </div>
      </Group>
      <Row label={t('when.gap')} path={`${path}.gapMinutes`} faults={faultsAt(faults, `${path}.gapMinutes`)} help={t('when.gapHelp')} onLeave={() => touch(`${path}.gapMinutes`)}>
        {({ id, status, ...tied }) => <InputNumber {...tied} id={id} status={status} min={0} max={limits.gapMinutes} precision={0} value={when.gapMinutes} onChange={(value) => set({ ...when, gapMinutes: value ?? 0 })} />}
      </Row>
    </Folded>
  );
}

interface SpanFormProps {
  span: Span;
  n: number;
  set: (part: Partial<Span>) => void;
  path: string;
  faults: Field[];
  touch: (path: string) => void;
  remove: () => void;
}

function SpanForm({ span, n, set, path, faults, touch, remove }: SpanFormProps) {
  const { t, i18n } = useTranslation();
  const time = (name: 'from' | 'to') => (
    <Row label={t(`when.${name}`)} path={`${path}.${name}`} faults={faultsAt(faults, `${path}.${name}`)} onLeave={() => touch(`${path}.${name}`)}>
      {(tied) => <Input {...tied} value={span[name]} maxLength={5} autoComplete="off" placeholder="00:00" onChange={(event) => set({ [name]: event.target.value })} />}
    </Row>
  );
  return (
    <fieldset className="span plain" data-path={path}>
      <legend className="sr">{t('when.span', { n })}</legend>
      <div className="spanHours">
        {time('from')}
        {time('to')}
        <Row label={t('when.zone')} required={false} path={`${path}.zone`} faults={faultsAt(faults, `${path}.zone`)} onLeave={() => touch(`${path}.zone`)}>
          {(tied) => <Zone tied={tied} value={span.zone} set={(zone) => set({ zone })} placeholder="Asia/Shanghai" />}
        </Row>
        <Button type="text" danger icon={<DeleteOutlined />} aria-label={t('when.remove', { n })} onClick={remove} />
      </div>
      <Group label={t('when.days')} path={`${path}.days`} faults={faultsAt(faults, `${path}.days`, true)} help={`${t('when.daysHelp')} ${t('when.zoneHelp')}`}>
        <Checkbox.Group value={span.days} onChange={(days) => set({ days: week.filter((day) => (days as string[]).includes(day)) })} options={week.map((day) => ({ value: day, label: dayName(day, i18n.language) }))} />
      </Group>
    </fieldset>
  );
}
