import { Tooltip } from 'antd';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { useNow } from './now';

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400], ['hour', 3_600], ['minute', 60], ['second', 1],
];

/** A time as a person says it: a while ago, or the date where that is long ago. */
export function spoken(at: Date, now: number, language: string): string {
  const seconds = Math.round((at.getTime() - now) / 1000);
  if (Math.abs(seconds) >= 7 * 86_400) {
    return at.toLocaleString(language, { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
  }
  const [unit, size] = steps.find(([, size]) => Math.abs(seconds) >= size) ?? ['second', 1];
  return new Intl.RelativeTimeFormat(language, { numeric: 'auto' }).format(Math.trunc(seconds / size), unit);
}

/** The exact time in the reader's zone, which comes last: a browser puts it between date and time in Chinese. */
export function exact(at: Date, language: string): string {
  const time = at.toLocaleString(language, { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
  const zone = new Intl.DateTimeFormat(language, { timeZoneName: 'short' }).formatToParts(at).find((one) => one.type === 'timeZoneName');
  return `${time} ${zone?.value ?? ''}`;
}

/** A time as a person says it, and the exact one for whoever points at it. It is in every row of long lists. */
export const Moment = memo(function Moment({ at }: { at: string | undefined }) {
  const { i18n } = useTranslation();
  const now = useNow();
  if (!at) return <>—</>;
  const time = new Date(at);
  return (
    <Tooltip title={exact(time, i18n.language)}>
      <time dateTime={at} tabIndex={0} aria-label={`${spoken(time, now, i18n.language)}, ${exact(time, i18n.language)}`}>
        {spoken(time, now, i18n.language)}
      </time>
    </Tooltip>
  );
});
