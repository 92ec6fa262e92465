import { Button, Dropdown, Input, Select, type InputRef } from 'antd';
import type { TFunction } from 'i18next';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { Wording } from '../api/types';
import { Folded } from '../parts/Folded';
import { at, type Part } from '../parts/place';
import { Row } from '../parts/Row';
import { said } from '../text';
import type { Worded } from './draft';

function wordsSaid({ fields, before, after }: Worded, t: TFunction): string {
  const parts = [
    fields.length > 0 && t('words.fieldsShort', { count: fields.length }),
    before && t('words.beforeShort'),
    after && t('words.afterShort'),
  ].filter(Boolean);
  return parts.join(' · ') || t('words.none');
}

/** Which facts a message shows, and a line before and after them. */
export function WordsForm({ wording, ...part }: Part<Worded> & { wording: Wording }) {
  const { t, i18n } = useTranslation();
  const { value: words, set } = part;
  return (
    <Folded title={t('words.title')} summary={wordsSaid(words, t)} place={part}>
      <Row label={t('words.fields')} required={false} help={t('words.fieldsHelp')} {...at(part, 'fields', true)}>
        {(tied) => (
          <Select
            {...tied}
            mode="multiple"
            optionFilterProp="label"
            placeholder={t('words.all')}
            value={words.fields}
            onChange={(fields: string[]) => set({ fields })}
            options={wording.fields.map((one) => ({ value: one.name, label: said(one.label, i18n.language) || one.name }))}
          />
        )}
      </Row>
      {(['before', 'after'] as const).map((name) => <Line key={name} name={name} part={part} wording={wording} />)}
    </Folded>
  );
}

function Line({ name, part, wording }: { name: 'before' | 'after'; part: Part<Worded>; wording: Wording }) {
  const { t, i18n } = useTranslation();
  const input = useRef<InputRef>(null);
  const label = t(`words.${name}`);
  const line = part.value[name];
  const set = (text: string) => part.set({ [name]: text });
  const placed = at(part, name);
  const insert = (placeholder: string) => {
    const box = input.current?.input;
    const from = box?.selectionStart ?? line.length;
    const end = box?.selectionEnd ?? from;
    const text = `{{${placeholder}}}`;
    set(line.slice(0, from) + text + line.slice(end));
    requestAnimationFrame(() => {
      box?.focus();
      box?.setSelectionRange(from + text.length, from + text.length);
    });
  };
  const labelOf = (field: string) => said(wording.fields.find((one) => one.name === field)?.label, i18n.language);
  return (
    <Row label={label} required={false} help={t('words.help', { example: '{{owner}}' })} {...placed}>
      {(tied) => (
        <>
          <div className="row kept">
            <Input {...tied} ref={input} value={line} autoComplete="off" onChange={(event) => set(event.target.value)} />
            <Dropdown
              trigger={['click']}
              menu={{
                className: 'tall',
                items: wording.placeholders.map((one) => ({ key: one, label: <><code>{`{{${one}}}`}</code> <span className="help">{labelOf(one)}</span></> })),
                onClick: ({ key }) => insert(key),
              }}
            >
              <Button aria-label={`${t('words.insert')}: ${label}`} title={t('words.insert')}>{'{{ }}'}</Button>
            </Dropdown>
          </div>
          {placed.faults.map((one) => <Marked key={one} line={line} fault={one} />)}
        </>
      )}
    </Row>
  );
}

/** The line with the place marked that a fault names by its column, in characters from 1. */
function Marked({ line, fault }: { line: string; fault: string }) {
  const { t } = useTranslation();
  const column = Number(/^(?:at column|第) (\d+) /.exec(fault)?.[1] ?? 0);
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
