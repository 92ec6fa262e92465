import { useTranslation } from 'react-i18next';

export type Way = 'dingtalk' | 'wecom' | 'lark' | 'webhook';
export type Sender = 'sms' | 'voice' | 'email';

/** Where to look, drawn by us: no picture of anybody's product, and no picture that a page would have to fetch. */
export function Drawing({ way }: { way: Way }) {
  return way === 'webhook' ? <Endpoint /> : <Group way={way} />;
}

function Group({ way }: { way: Exclude<Way, 'webhook'> }) {
  const { t } = useTranslation();
  const title = t(`help.ways.${way}.title`);
  const secret = t(`help.ways.${way}.secret`);
  const lines = [t('help.group'), t('help.robots'), way === 'wecom' ? t('help.add') : `${t('help.add')} › ${t('help.custom')}`];
  return (
    <svg className="drawing" viewBox="0 0 380 230" role="img" aria-label={t('help.drawing', { what: [title, ...lines].join(', ') })}>
      <rect x="1" y="1" width="378" height="228" rx="12" className="paper" />
      <circle cx="22" cy="22" r="9" className="tint" />
      <rect x="40" y="17" width="90" height="10" rx="5" className="tint" />
      {lines.map((line, i) => (
        <g key={line}>
          <rect x={18 + i * 22} y={46 + i * 34} width="172" height="26" rx="6" className={i === 2 ? 'on' : 'box'} />
          <text x={30 + i * 22} y={63 + i * 34} className={i === 2 ? 'onText' : ''}>{i + 1}. {line}</text>
          {i < 2 && <path d={`M${30 + i * 22} ${73 + i * 34}v14h8`} className="arrow" />}
        </g>
      ))}
      <rect x="62" y="154" width="300" height={secret ? 66 : 40} rx="8" className="box" />
      <text x="76" y="172" className="strong">{t(`help.ways.${way}.address`)}</text>
      <rect x="196" y="162" width="114" height="14" rx="4" className="tint" />
      <text x="202" y="173" className="code">https://…</text>
      <rect x="318" y="160" width="34" height="18" rx="5" className="on" />
      <path d="M328 166h10v8h-10zM331 163h10v8" className="copy" />
      {secret && (
        <>
          <text x="76" y="205" className="strong">{secret}</text>
          <rect x="196" y="195" width="114" height="14" rx="4" className="tint" />
          <text x="202" y="206" className="code">{way === 'dingtalk' ? 'SEC…' : '••••••••'}</text>
          <rect x="318" y="193" width="34" height="18" rx="5" className="on" />
          <path d="M328 199h10v8h-10zM331 196h10v8" className="copy" />
        </>
      )}
    </svg>
  );
}

function Endpoint() {
  const { t } = useTranslation();
  return (
    <svg className="drawing" viewBox="0 0 380 230" role="img" aria-label={t('help.drawing', { what: `pai-notify, ${t('help.post')}, ${t('help.endpoint')}, ${t('help.ok')}` })}>
      <rect x="1" y="1" width="378" height="228" rx="12" className="paper" />
      <rect x="24" y="78" width="110" height="74" rx="10" className="on" />
      <text x="79" y="120" textAnchor="middle" className="onText">pai-notify</text>
      <rect x="246" y="78" width="110" height="74" rx="10" className="box" />
      <text x="301" y="120" textAnchor="middle" className="strong">{t('help.endpoint')}</text>
      <path d="M140 100h96m-8 -6 8 6-8 6" className="arrow" />
      <text x="188" y="90" textAnchor="middle">{t('help.post')}</text>
      <path d="M240 134h-96m8 -6-8 6 8 6" className="arrow" />
      <text x="190" y="152" textAnchor="middle">{t('help.ok')}</text>
      <text x="190" y="200" textAnchor="middle" className="code">webhook-id · webhook-timestamp · webhook-signature</text>
    </svg>
  );
}

/** From the service's console by the settings to the people. */
export function ServiceDrawing({ sender }: { sender: Sender }) {
  const { t } = useTranslation();
  const needs = t(`help.senders.${sender}.needs`, { returnObjects: true });
  const boxes: [string, string[]][] = [
    [t(`help.senders.${sender}.console`), needs],
    [t('nav.settings'), needs],
    [t('nav.contacts'), [t(`help.senders.${sender}.reaches`)]],
  ];
  return (
    <svg className="drawing" viewBox="0 0 380 230" role="img" aria-label={t('help.drawing', { what: boxes.map(([title, lines]) => `${title}: ${lines.join(', ')}`).join(' › ') })}>
      <rect x="1" y="1" width="378" height="228" rx="12" className="paper" />
      {boxes.map(([title, lines], i) => (
        <g key={title}>
          <rect x={38 + i * 44} y={16 + i * 70} width="216" height="58" rx="8" className={i === 1 ? 'on' : 'box'} />
          <text x={52 + i * 44} y={40 + i * 70} className={i === 1 ? 'onText' : 'strong'}>{i + 1}. {title}</text>
          <text x={52 + i * 44} y={60 + i * 70} className={i === 1 ? 'onText code' : 'code'}>{lines.join(' · ')}</text>
          {i < 2 && <path d={`M${60 + i * 44} ${78 + i * 70}v24h16m-6 -5 6 5-6 5`} className="arrow" />}
        </g>
      ))}
    </svg>
  );
}
