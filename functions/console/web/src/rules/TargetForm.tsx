import { Input, Radio } from 'antd';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Channel, Choices, Target } from '../api/types';
import { People } from '../contacts/People';
import { at, faultsAt, partOf, type Part } from '../parts/place';
import { Group, Row } from '../parts/Row';
import { said } from '../text';
import { anythingIn, type DraftTarget } from './draft';
import { MentionsForm } from './MentionsForm';
import { SettingRow } from './SettingRow';
import { isTemplated } from './shown';
import { TestButton } from './TestButton';
import { WhenForm } from './WhenForm';
import { WordsForm } from './WordsForm';

interface TargetFormProps extends Part<DraftTarget> {
  choices: Choices;
  channel: Channel | undefined;
  saved?: { workspace: string; rule: string; target: Target | undefined };
  remove: ReactNode;
}

/** One target. What is asked for is what its channel's description lists, so a new channel needs nothing here. */
export function TargetForm({ choices, channel, saved, remove, ...part }: TargetFormProps) {
  const { t, i18n } = useTranslation();
  const { value: target, set, path, faults } = part;
  const setting = (name: string, value: string | undefined) => {
    const { [name]: _, ...rest } = target.settings;
    set({ settings: value === undefined ? rest : { ...rest, [name]: value } });
  };
  return (
    <>
      <div className="row targetHead">
        <span className="state channel">{said(channel?.label, i18n.language) || target.channel}</span>
        <strong className="cut">{target.id}</strong>
        <span className="space" />
        <Link to={`/help?channel=${target.channel}`} target="_blank" rel="noreferrer">{t('rule.howTo')}</Link>
        {remove}
      </div>
      {faultsAt(faults, `${path}.channel`).map((one) => <p key={one} className="fault" role="alert">{one}</p>)}
      {channel?.fields.map((field) => (
        <SettingRow
          key={field.name}
          field={field}
          name={`${field.name}-${target.key}`}
          value={target.settings[field.name]}
          kept={target.secrets[field.name]}
          set={(value) => setting(field.name, value)}
          {...at(part, `settings.${field.name}`)}
        />
      ))}
      {channel?.contacts && (
        <Row label={t('rule.contacts')} help={<>{t('rule.contactsHelp')} <Link to="/contacts" target="_blank" rel="noreferrer">{t('nav.contacts')}</Link></>} {...at(part, 'contacts', true)}>
          {(tied) => <People tied={tied} channel={channel.name} value={target.contacts} set={(contacts) => set({ contacts })} />}
        </Row>
      )}
      <div className="twoColumns">
        <Row label={t('rule.targetId')} help={t('rule.targetIdHelp')} {...at(part, 'id')}>
          {(tied) => <Input {...tied} value={target.id} autoComplete="off" spellCheck={false} maxLength={64} onChange={(event) => set({ id: event.target.value })} />}
        </Row>
        <Group label={t('rule.targetLanguage')} {...at(part, 'language')}>
          <Radio.Group
            name={`language-${target.key}`}
            value={target.language}
            onChange={(event) => set({ language: String(event.target.value) })}
            options={[{ value: '', label: t('rule.languageDefault') }, { value: 'zh', label: <span lang="zh">中文</span> }, { value: 'en', label: <span lang="en">English</span> }]}
          />
        </Group>
      </div>
      <div className="folds">
        <WhenForm {...partOf(part, 'when')} limits={choices.limits} />
        {(channel?.mentions || anythingIn(target.mentions)) && <MentionsForm {...partOf(part, 'mentions')} />}
        {(!isTemplated(channel) || anythingIn(target.words)) && <WordsForm {...partOf(part, 'words')} wording={choices.words} />}
      </div>
      <TestButton target={target} channel={channel} saved={saved} language={i18n.language} />
    </>
  );
}
