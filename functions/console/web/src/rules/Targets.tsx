import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Dropdown, Progress } from 'antd';
import { useTranslation } from 'react-i18next';
import type { Choices, Rule } from '../api/types';
import { Nothing } from '../parts/Nothing';
import { faultsAt, type Part } from '../parts/place';
import { useMay } from '../session';
import { said } from '../text';
import { newTarget, unitsOf, type Draft } from './draft';
import { TargetForm } from './TargetForm';

interface TargetsProps extends Part<Draft> {
  choices: Choices;
  maxUnits: number;
  saved?: { workspace: string; rule: Rule };
}

/** Whom a rule tells. */
export function Targets({ value: draft, set, faults, touch, choices, maxUnits, saved }: TargetsProps) {
  const { t, i18n } = useTranslation();
  const may = useMay('editor');
  const units = unitsOf(draft);
  const remove = (key: string) => set({ targets: draft.targets.filter((one) => one.key !== key) });
  const sources = (ids: string[]) => ids.map((id) => said(choices.sources.find((one) => one.id === id)?.label, i18n.language) || id).join(t('common.comma'));
  const add = (
    <Dropdown
      trigger={['click']}
      menu={{
        items: choices.channels.map((channel) => {
          const fits = channel.sources.length === 0 || channel.sources.includes(draft.source);
          const title = said(channel.label, i18n.language);
          return { key: channel.name, disabled: !fits, label: fits ? title : `${title} (${t('rule.onlyFor', { sources: sources(channel.sources) })})` };
        }),
        onClick: ({ key }) => {
          const channel = choices.channels.find((one) => one.name === key);
          if (channel) set({ targets: [...draft.targets, newTarget(channel, draft.targets)] });
        },
      }}
    >
      <Button icon={<PlusOutlined />} disabled={!may || units >= maxUnits}>{t('rule.addTarget')}</Button>
    </Dropdown>
  );
  return (
    <section className="card" data-path="targets">
      <div className="row">
        <h2 className="flat">{t('rule.targets')}</h2>
        <span className="space" />
        <Progress type="circle" size={20} percent={(100 * units) / maxUnits} status={units > maxUnits ? 'exception' : 'normal'} showInfo={false} aria-hidden />
        <span className={units > maxUnits ? 'count over' : 'count'}>{t('rule.units', { n: units, max: maxUnits })}</span>
      </div>
      <p className="help">{units > maxUnits ? t('rule.unitsOver') : t('rule.targetsHelp')}</p>
      {faultsAt(faults, 'targets').map((one) => <p key={one} className="fault" role="alert">{one}</p>)}
      {draft.targets.length === 0 && <Nothing title={t('rule.noTarget')} advice={t('rule.noTargetAdvice')}>{add}</Nothing>}
      {draft.targets.map((target, i) => (
        <fieldset key={target.key} className="target plain" data-path={`targets[${i}]`}>
          <legend className="sr">{t('rule.target', { n: i + 1 })}: {target.id}</legend>
          <TargetForm
            value={target}
            path={`targets[${i}]`}
            set={(change) => set({ targets: draft.targets.map((one) => (one.key === target.key ? { ...one, ...change } : one)) })}
            faults={faults}
            touch={touch}
            choices={choices}
            channel={choices.channels.find((one) => one.name === target.channel)}
            saved={saved && { workspace: saved.workspace, rule: saved.rule.name, target: saved.rule.targets.find((one) => one.id === target.id && one.channel === target.channel) }}
            remove={<Button type="text" danger icon={<DeleteOutlined />} aria-label={t('rule.removeTarget', { id: target.id })} onClick={() => remove(target.key)} />}
          />
        </fieldset>
      ))}
      {draft.targets.length > 0 && <div className="addTarget">{add}</div>}
    </section>
  );
}
