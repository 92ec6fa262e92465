import { Button, Dropdown, Input, Select, type InputRef } from 'antd';
import type { TFunction } from 'i18next';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { Field, Wording } from '../api/types';
import { Folded } from '../parts/Folded';
import { Row } from '../parts/Row';
import { said } from '../text';
import { faultsAt, type Worded } from './draft';

interface WordsFormProps {
  words: Worded;
  set: (words: Worded) => void;
  path: string;
  faults: Field[];
  touch: (path: string) => void;
  wording: Wording;
}

function wordsSaid({ fields, before, after }: Worded, t: TFunction): string {
  const parts = [
    fields.length > 0 && t('words.fieldsShort', { count: fields.length }),
    before && t('words.beforeShort'),
    after && t('words.afterShort'),
  ].filter(Boolean);
  return parts.join(' · ') || t('words.none');
}

/** Which facts a message shows, and a line before and after them. */
export function WordsForm({ words, set, path, faults, touch, wording }: WordsFormProps) {
  const { t, i18n } = useTranslation();
  return (
    <Folded title={t('words.title')} summary={wordsSaid(words, t)} path={path} wrong={faultsAt(faults, path, true).length > 0}>
      {faultsAt(faults, path).map((one) => <p key={one} className="fault" role="alert">{one}</p>)}
      <Row label={t('words.fields')} required={false} path={`${path}.fields`} faults={faultsAt(faults, `${path}.fields`, true)} help={t('words.fieldsHelp')} onLeave={() => touch(`${path}.fields`)}>
        {({ id, status, ...tied }) => (
          <Select
            {...tied}
            id={id}
            status={status}
            mode="multiple"
            optionFilterProp="label"
            placeholder={t('words.all')}
            value={words.fields}
            onChange={(fields: string[]) => set({ ...words, fields })}
            options={wording.fields.map((one) => ({ value: one.name, label: said(one.label, i18n.language) || one.name }))}
          />
        )}
      </Row>
      {(['before', 'after'] as const).map((name) => (
        <Line key={name} label={t(`words.${name}`)} line={words[name]} set={(line) => set({ ...words, [name]: line })} path={`${path}.${name}`} faults={faults} touch={touch} wording={wording} />
      ))}
    </Folded>
  );
}

interface LineProps {
  label: string;
  line: string;
  set: (line: string) => void;
  path: string;
  faults: Field[];
  touch: (path: string) => void;
  wording: Wording;
}

function Line({ label, line, set, path, faults, touch, wording }: LineProps) {
  const { t, i18n } = useTranslation();
  const input = useRef<InputRef>(null);
  const wrong = faultsAt(faults, path);
  const insert = (name: string) => {
    const box = input.current?.input;
    const at = box?.selectionStart ?? line.length;
    const end = box?.selectionEnd ?? at;
    const placed = `{{${name}}}`;
    set(line.slice(0, at) + placed + line.slice(end));
    requestAnimationFrame(() => {
      box?.focus();
      box?.setSelectionRange(at + placed.length, at + placed.length);
    });
  };
  const labelOf = (name: string) => said(wording.fields.find((one) => one.name === name)?.label, i18n.language);
  return (
    <Row label={label} required={false} path={path} faults={wrong} help={t('words.help', { example: '{{owner}}' })} onLeave={() => touch(path)}>
      {(tied) => (
        <>
          <div className="row kept">
            <Input {...tied} ref={input} value={line} autoComplete="off" onChange={(event) => set(event.target.value)} />
            <Dropdown
              trigger={['click']}
              menu={{
                className: 'tall',
                items: wording.placeholders.map((name) => ({ key: name, label: <><code>{`{{${name}}}`}</code> <span className="help">{labelOf(name)}</span></> })),
                onClick: ({ key }) => insert(key),
              }}
            >
              <Button aria-label={`${t('words.insert')}: ${label}`} title={t('words.insert')}>{'{{ }}'}</Button>
            </Dropdown>
          </div>
          {wrong.map((one) => <Marked key={one} line={line} fault={one} />)}
        </>
      )}
    </Row>
  );
}

/** The line with the place marked that a fault names by its column, in characters from 1. */
function Marked({ line, fault }: { line: string; fault: string }) {
  const { t } = useTranslation();
  const column = Number(/^at column (\d+) /.exec(fault)?.[1] ?? 0);
  if (column === 0) return null;
  const characters = [...line];
  const rest = characters.slice(column - 1).join('');
  const bad = /^\{\{.*?\}\}/.exec(rest)?.[0] ?? rest;
  return (
    <p className="marked">
      <code className="wrap">{characters.slice(0, column - 1).join('')}<mark>{bad || '⏎'}</mark>{rest.slice(bad.length)}</code>{' '}
      <span className="help">{t('words.column', { n: column })}</span>
    </p>
  );
}
