import { ClusterOutlined, DownOutlined } from '@ant-design/icons';
import { Button, Input, Modal } from 'antd';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate, useParams } from 'react-router';
import { Heading } from '../parts/Heading';
import { Row } from '../parts/Row';
import { useKnown, workspaceForm } from './workspace';

/** Asks for a workspace and opens one of its pages. */
export function ChooseWorkspace({ page }: { page: string }) {
  const { t } = useTranslation();
  const go = useGo(page);
  return (
    <>
      <Heading title={t('workspace.choose')} lead={t('workspace.lead')} />
      <section className="card narrow"><Choice go={go} /></section>
    </>
  );
}

/** The workspace of the page, and the way to another. */
export function WorkspacePicker() {
  const { t } = useTranslation();
  const { workspace } = useParams();
  const last = useKnown()[0];
  const { pathname, search } = useLocation();
  const [open, setOpen] = useState(false);
  const asked = pathname === '/deliveries' ? new URLSearchParams(search).get('workspace') : undefined;
  const now = workspace ?? (asked === undefined ? last : asked);
  const page = /^\/w\/[^/]+\/(setup|rules|events)/.exec(pathname)?.[1] ?? (pathname === '/deliveries' ? 'deliveries' : 'rules');
  const go = useGo(page);
  return (
    <>
      <Button className="workspace" icon={<ClusterOutlined />} onClick={() => setOpen(true)} aria-haspopup="dialog">
        <span className="sr">{t('workspace.title')}: </span>
        <span className="cut">{now ?? t('workspace.choose')}</span> <DownOutlined aria-hidden />
      </Button>
      <Modal open={open} onCancel={() => setOpen(false)} footer={null} title={t('workspace.change')} destroyOnHidden>
        <p className="lead">{t('workspace.lead')}</p>
        <Choice go={(name) => { setOpen(false); go(name); }} />
      </Modal>
    </>
  );
}

function useGo(page: string) {
  const navigate = useNavigate();
  return (name: string) =>
    void navigate(page === 'deliveries' ? `/deliveries?workspace=${encodeURIComponent(name)}` : `/w/${encodeURIComponent(name)}/${page}`);
}

function Choice({ go }: { go: (workspace: string) => void }) {
  const { t } = useTranslation();
  const known = useKnown();
  const [name, setName] = useState('');
  const [wrong, setWrong] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const good = workspaceForm.test(name.trim());
    setWrong(!good);
    if (good) go(name.trim());
  };
  return (
    <>
      <form noValidate onSubmit={submit}>
        <Row label={t('workspace.name')} faults={wrong ? [t('workspace.wrong')] : []}>
          {(tied) => <Input {...tied} value={name} autoComplete="off" spellCheck={false} placeholder="nlp_train" autoFocus onChange={(event) => setName(event.target.value)} />}
        </Row>
        <Button type="primary" htmlType="submit" className="under">{t('workspace.go')}</Button>
      </form>
      {known.length > 0 && (
        <div className="known">
          <h2 className="small">{t('workspace.known')}</h2>
          <ul className="chips">
            {known.map((name) => (
              <li key={name}><Button size="small" onClick={() => go(name)}>{name}</Button></li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}
