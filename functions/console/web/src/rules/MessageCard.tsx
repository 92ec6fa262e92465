import { useTranslation } from 'react-i18next';
import type { Message, Timing } from '../api/types';
import { exact } from '../parts/Moment';
import { pretty } from './pretty';

/** A message as its receiver shows it, near enough to judge by. Links lead nowhere: it is only a picture of them. */
export function MessageCard({ message, title, templated }: { message: Message; title: string; templated: boolean }) {
  const { t } = useTranslation();
  return (
    <figure className={`bubble ${message.severity}`}>
      <figcaption>
        {t('rule.previewAs', { channel: title })} · {message.target}
        {message.bytes !== undefined && message.maxBytes !== undefined && message.maxBytes > 0 && (
          <span className="help"> {t('rule.previewBytes', { n: message.bytes.toLocaleString(), max: message.maxBytes.toLocaleString() })}</span>
        )}
      </figcaption>
      <div className="message" lang={message.language}>
        <p className="subject wrap">{message.title}</p>
        {templated && <p className="help">{t('rule.previewTemplate')}</p>}
        {!templated && message.before && <p className="wrap">{message.before}</p>}
        {!templated && <dl>{message.facts.map((fact, i) => <div key={`${i}-${fact.name}`}><dt>{fact.name}</dt><dd className="wrap">{fact.value}</dd></div>)}</dl>}
        {!templated && message.after && <p className="wrap">{message.after}</p>}
        {!templated && message.link && <p className="linked">{message.language === 'zh' ? '在 PAI 控制台查看' : 'View in the PAI console'}</p>}
      </div>
      <TimingNote timing={message.timing} />
      {message.problem && <p className="fault" role="note">{message.problem}</p>}
      {message.body && <details open={templated}><summary>{t('rule.previewBody')}</summary><pre className="wrap body" tabIndex={0}>{pretty(message.body)}</pre></details>}
    </figure>
  );
}

/** What quiet hours and gaps would do to it. */
function TimingNote({ timing }: { timing: Timing }) {
  const { t, i18n } = useTranslation();
  const at = (time: string) => exact(new Date(time), i18n.language);
  const notes = [
    timing.heldUntil ? t('when.heldUntil', { when: at(timing.heldUntil) }) : timing.change && t(timing.quiet ? 'when.quietNow' : 'when.quietNext', { when: at(timing.change) }),
    timing.gapMinutes ? t('when.gapWait', { n: timing.gapMinutes }) : '',
  ].filter(Boolean);
  return notes.length > 0 ? <p className="help" role="note">{notes.join(' ')}</p> : null;
}
