import { ClusterOutlined, DownOutlined } from '@ant-design/icons';
import { Button, Form, Input, Modal } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate, useParams } from 'react-router';
import { Heading } from '../parts/Heading';
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
  const page = /^\/w\/[^/]+\/(setup|rules)/.exec(pathname)?.[1] ?? (pathname === '/deliveries' ? 'deliveries' : 'rules');
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
  return (
    <>
      <Form layout="vertical" requiredMark={false} onFinish={({ name }: { name: string }) => go(name.trim())}>
        <Form.Item name="name" label={t('workspace.name')} rules={[{ required: true, whitespace: true, pattern: workspaceForm, message: t('workspace.wrong') }]}>
          <Input autoComplete="off" spellCheck={false} placeholder="nlp_train" autoFocus />
        </Form.Item>
        <Button type="primary" htmlType="submit">{t('workspace.go')}</Button>
      </Form>
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
