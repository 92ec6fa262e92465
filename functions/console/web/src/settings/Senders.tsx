import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useCatalog } from '../api/queries';
import type { Settings } from '../api/types';
import { at, type Part } from '../parts/place';
import { TroubleNote } from '../parts/Trouble';
import { SettingRow } from '../rules/SettingRow';
import { said } from '../text';

/** What all targets of a channel share, such as who sends: the channels describe it, so a new one needs nothing here. */
export function Senders(part: Part<Settings>) {
  const { t, i18n } = useTranslation();
  const catalog = useCatalog();
  const { value: { channels = {} }, set } = part;
  /** A channel of which nothing is set is left out: the API would miss what it requires. */
  const change = (channel: string, setting: string, value = '') => {
    const { [channel]: before, ...others } = channels;
    const now = Object.fromEntries(Object.entries({ ...before, [setting]: value }).filter(([, text]) => text !== ''));
    set({ channels: Object.keys(now).length > 0 ? { ...others, [channel]: now } : others });
  };
  return (
    <>
      <TroubleNote error={catalog.error} again={() => void catalog.refetch()} />
      {catalog.data?.channels.filter((one) => one.shared.length > 0).map((channel) => (
        <section key={channel.name} className="card" data-path={`channels.${channel.name}`}>
          <div className="row">
            <h2 className="flat">{t('settings.shared', { channel: said(channel.label, i18n.language) })}</h2>
            <span className="space" />
            <Link to={`/help?channel=${channel.name}`}>{t('rule.howTo')}</Link>
          </div>
          <p className="lead">{t('settings.sharedHelp')}</p>
          {channel.shared.map((field) => (
            <SettingRow
              key={field.name}
              field={field}
              name={`${channel.name}-${field.name}`}
              value={channels[channel.name]?.[field.name]}
              set={(value) => change(channel.name, field.name, value)}
              {...at(part, `channels.${channel.name}.${field.name}`)}
            />
          ))}
        </section>
      ))}
    </>
  );
}
