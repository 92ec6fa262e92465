import { Button, Input, Radio, Select } from 'antd';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { Channel, Choices, Field, Setting, Target } from '../api/types';
import { useContacts } from '../contacts/Contacts';
import { Group, Row } from '../parts/Row';
import { useSettled } from '../parts/useSettled';
import { said } from '../text';
import { anythingIn, faultsAt, type DraftTarget } from './draft';
import { MentionsForm } from './MentionsForm';
import { hint } from './shown';
import { TestButton } from './TestButton';
import { WhenForm } from './WhenForm';
import { WordsForm } from './WordsForm';

interface TargetFormProps {
  target: DraftTarget;
  path: string;
  set: (part: Partial<DraftTarget>) => void;
  faults: Field[];
  touch: (path: string) => void;
  choices: Choices;
  channel: Channel | undefined;
  saved?: { workspace: string; rule: string; target: Target | undefined };
  remove: ReactNode;
}

/** One target. What is asked for is what its channel's description lists, so a new channel needs nothing here. */
export function TargetForm({ target, path, set, faults, touch, choices, channel, saved, remove }: TargetFormProps) {
  const { t, i18n } = useTranslation();
  const templated = channel?.contacts === true && channel.once; // text messages and calls: a template with a few variables
  const setting = (name: string, value: string | undefined) => {
    const { [name]: _, ...rest } = target.settings;
    set({ settings: value === undefined ? rest : { ...rest, [name]: value } });
  };
  return (
    <>
      <div className="row targetHead">
        <span className="state waiting">{channel?.title ?? target.channel}</span>
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
          target={target}
          set={(value) => setting(field.name, value)}
          path={`${path}.settings.${field.name}`}
          faults={faultsAt(faults, `${path}.settings.${field.name}`)}
          onLeave={() => touch(`${path}.settings.${field.name}`)}
        />
      ))}
      {channel?.contacts && <Picker target={target} set={set} channel={channel.name} path={`${path}.contacts`} faults={faultsAt(faults, `${path}.contacts`, true)} onLeave={() => touch(`${path}.contacts`)} />}
      <div className="twoColumns">
        <Row label={t('rule.targetId')} path={`${path}.id`} faults={faultsAt(faults, `${path}.id`)} help={t('rule.targetIdHelp')} onLeave={() => touch(`${path}.id`)}>
          {(tied) => <Input {...tied} value={target.id} autoComplete="off" spellCheck={false} maxLength={64} onChange={(event) => set({ id: event.target.value })} />}
        </Row>
        <Group label={t('rule.targetLanguage')} path={`${path}.language`} faults={faultsAt(faults, `${path}.language`)}>
          <Radio.Group
            name={`language-${target.key}`}
            value={target.language}
            onChange={(event) => set({ language: String(event.target.value) })}
            options={[{ value: '', label: t('rule.languageDefault') }, { value: 'zh', label: <span lang="zh">中文</span> }, { value: 'en', label: <span lang="en">English</span> }]}
          />
        </Group>
      </div>
      <div className="folds">
        <WhenForm when={target.when} set={(when) => set({ when })} path={`${path}.when`} faults={faults} touch={touch} limits={choices.limits} />
        {(channel?.mentions || anythingIn(target.mentions)) && <MentionsForm mentions={target.mentions} set={(mentions) => set({ mentions })} path={`${path}.mentions`} faults={faults} touch={touch} />}
        {(!templated || anythingIn(target.words)) && <WordsForm words={target.words} set={(words) => set({ words })} path={`${path}.words`} faults={faults} touch={touch} wording={choices.words} />}
      </div>
      <TestButton target={target} path={path} channel={channel} saved={saved} language={i18n.language} />
    </>
  );
}

interface PickerProps {
  target: DraftTarget;
  set: (part: Partial<DraftTarget>) => void;
  channel: string;
  path: string;
  faults: string[];
  onLeave: () => void;
}

/** Whom a target reaches: contacts, found by name as one types. */
function Picker({ target, set, channel, path, faults, onLeave }: PickerProps) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const found = useContacts(useSettled(text.trim(), 300), 100);
  return (
    <Row label={t('rule.contacts')} path={path} faults={faults} onLeave={onLeave} help={<>{t('rule.contactsHelp')} <Link to="/contacts" target="_blank" rel="noreferrer">{t('nav.contacts')}</Link></>}>
      {({ id, status, ...tied }) => (
        <Select
          {...tied}
          id={id}
          status={status}
          mode="multiple"
          filterOption={false}
          loading={found.isFetching}
          value={target.contacts}
          onSearch={setText}
          onChange={(contacts: string[]) => set({ contacts })}
          options={(found.data ?? []).map((one) => ({ value: one.id ?? '', label: one.name, disabled: !one.channels.includes(channel) }))}
        />
      )}
    </Row>
  );
}

interface SettingRowProps {
  field: Setting;
  target: DraftTarget;
  set: (value: string | undefined) => void;
  path: string;
  faults: string[];
  onLeave: () => void;
}

function SettingRow({ field, target, set, path, faults, onLeave }: SettingRowProps) {
  const { t, i18n } = useTranslation();
  const label = said(field.label, i18n.language);
  const help = said(field.help, i18n.language);
  const value = target.settings[field.name];
  const kept = target.secrets[field.name];
  if (field.options && field.options.length > 0) {
    return (
      <Group label={label} path={path} faults={faults} help={help}>
        <Radio.Group name={`${field.name}-${target.key}`} value={value ?? ''} onChange={(event) => set(String(event.target.value) || undefined)} options={[...(field.required ? [] : [{ value: '', label: t('rule.any') }]), ...field.options.map((one) => ({ value: one, label: one }))]} />
      </Group>
    );
  }
  return (
    <Row label={label} required={field.required} path={path} faults={faults} help={help} onLeave={onLeave}>
      {(tied) => {
        if (kept && value === undefined) {
          return (
            <div className="row kept">
              <Input {...tied} value={t('rule.kept', { what: hint(kept) })} readOnly />
              <Button onClick={() => set('')} aria-label={`${t('rule.replace')}: ${label}`}>{t('rule.replace')}</Button>
            </div>
          );
        }
        const Box = field.secret && !field.address ? Input.Password : Input;
        return (
          <div className="row kept">
            <Box {...tied} value={value ?? ''} autoComplete="off" spellCheck={false} required={field.required} placeholder={placeholder(field)} onChange={(event) => set(event.target.value)} />
            {kept && <Button onClick={() => set(undefined)} aria-label={`${t('rule.keep')}: ${label}`}>{t('rule.keep')}</Button>}
            {kept && !field.required && value === '' && <span className="help">{t('rule.cleared')}</span>}
          </div>
        );
      }}
    </Row>
  );
}

function placeholder(field: Setting): string | undefined {
  const address = field.address;
  if (!address) return undefined;
  const host = address.hosts?.[0];
  return host ? `https://${host}${address.path ?? '/'}${address.token ? `?${address.token}=` : ''}…` : 'https://';
}
