import { Checkbox, Input, Radio } from 'antd';
import { useTranslation } from 'react-i18next';
import type { Choices, Option, Source } from '../api/types';
import { Many } from '../parts/Many';
import { at, faultsAt, type Part } from '../parts/place';
import { Group, Row } from '../parts/Row';
import { said } from '../text';
import { firstScope, type Draft } from './draft';

/** What a rule wants to hear of: source, options, scope. */
export function EventForm({ choices, ...part }: Part<Draft> & { choices: Choices }) {
  const { t, i18n } = useTranslation();
  const { value: draft, set, touch } = part;
  const source = choices.sources.find((one) => one.id === draft.source);
  return (
    <section className="card">
      <h2>{t('rule.event')}</h2>
      <Group label={t('rule.source')} {...at(part, 'event.source')}>
        <Radio.Group
          className="sources"
          optionType="button"
          buttonStyle="solid"
          name="source"
          value={draft.source}
          onChange={(event) => {
            const next = choices.sources.find((one) => one.id === event.target.value);
            set({ source: String(event.target.value), options: [], scope: firstScope(next) });
          }}
          options={choices.sources.map((one) => ({ value: one.id, label: said(one.label, i18n.language) }))}
        />
      </Group>
      <Group label={t('rule.options')} help={<Severities />} {...at(part, 'event.options', true)}>
        {source?.groups.map((group) => (
          <OptionGroup
            key={group.id}
            label={said(group.label, i18n.language)}
            options={source.options.filter((one) => one.group === group.id)}
            chosen={draft.options}
            choose={(options) => {
              set({ options });
              touch('event.options');
            }}
          />
        ))}
      </Group>
      {source && <ScopeForm source={source} choices={choices} {...part} />}
    </section>
  );
}

/** What the dots beside the options mean. */
function Severities() {
  const { t } = useTranslation();
  return <span className="row" aria-hidden>{(['info', 'warning', 'error'] as const).map((one) => <span key={one}><span className={`dot ${one}`} /> {t(`rule.severity.${one}`)}</span>)}</span>;
}

interface OptionGroupProps {
  label: string;
  options: Option[];
  chosen: string[];
  choose: (options: string[]) => void;
}

function OptionGroup({ label, options, chosen, choose }: OptionGroupProps) {
  const { t, i18n } = useTranslation();
  const ids = options.map((one) => one.id);
  const mine = ids.filter((id) => chosen.includes(id));
  const set = (id: string, on: boolean) => choose(on ? [...chosen, id] : chosen.filter((one) => one !== id));
  return (
    <div className="optionGroup" role="group" aria-label={label}>
      <Checkbox
        className="whole"
        aria-label={t('rule.chooseAll', { group: label })}
        checked={mine.length === ids.length}
        indeterminate={mine.length > 0 && mine.length < ids.length}
        onChange={(event) => choose([...chosen.filter((id) => !ids.includes(id)), ...(event.target.checked ? ids : [])])}
      >
        {label}
      </Checkbox>
      <div className="options">
        {options.map((one) => {
          const hint = said(one.hint, i18n.language);
          return (
            <div key={one.id}>
              <Checkbox checked={chosen.includes(one.id)} onChange={(event) => set(one.id, event.target.checked)} aria-describedby={hint ? `hint-${one.id}` : undefined}>
                {said(one.label, i18n.language)} <span className={`dot ${one.severity}`} aria-hidden />
              </Checkbox>
              {hint && <p className="help" id={`hint-${one.id}`}>{hint}</p>}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function ScopeForm({ source, choices, ...part }: Part<Draft> & { source: Source; choices: Choices }) {
  const { t, i18n } = useTranslation();
  const { value: { scope }, set, faults } = part;
  const kind = source.scopes.find((one) => one.kind === scope.kind);
  const label = said(kind?.label, i18n.language);
  return (
    <>
      <Group label={t('rule.scope')} path="event.scope.kind" faults={[...faultsAt(faults, 'event.scope'), ...faultsAt(faults, 'event.scope.kind'), ...faultsAt(faults, 'event.paiUser')]}>
        <Radio.Group
          className="scopes"
          name="scope"
          value={scope.kind}
          onChange={(event) => set({ scope: { kind: String(event.target.value), ids: [], prefix: '' } })}
          options={source.scopes.map((one) => ({ value: one.kind, label: said(one.label, i18n.language) }))}
        />
        {kind?.hint && <p className="help">{said(kind.hint, i18n.language)}</p>}
      </Group>
      {kind?.needs === 'ids' && (
        <Row label={`${label}${t('common.colon')}${t('rule.ids')}`} help={t('rule.idsHelp', { n: choices.limits.scopeIds })} {...at(part, 'event.scope.ids', true)}>
          {(tied) => <Many tied={tied} most={choices.limits.scopeIds} value={scope.ids} placeholder={t('rule.idsPaste')} set={(ids) => set({ scope: { ...scope, ids } })} />}
        </Row>
      )}
      {kind?.needs === 'prefix' && (
        <Row label={`${label}${t('common.colon')}${t('rule.prefix')}`} {...at(part, 'event.scope.prefix')}>
          {(tied) => <Input {...tied} value={scope.prefix} autoComplete="off" spellCheck={false} onChange={(event) => set({ scope: { ...scope, prefix: event.target.value } })} />}
        </Row>
      )}
    </>
  );
}
