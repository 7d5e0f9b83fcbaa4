import { Button, Field, Input, makeStyles, tokens } from "@fluentui/react-components";
import { useState, type FormEvent, type ReactNode } from "react";

import { useWhole } from "../api/client";
import { civicAddresses, operatorConsents, resourceAccounts, users } from "../api/lists";
import type { Role } from "../api/session";
import { useSearch } from "../app/router";
import { Choice } from "../components/Choice";
import { Page } from "../components/Page";
import { Tabs } from "../components/Tabs";
import { CallWhy } from "./explain/CallWhy";
import { NumberWhy, type Suppose } from "./explain/NumberWhy";
import { SupposedCall } from "./explain/SupposedCall";
import { locationChoices } from "./numbers/locations";

const useStyles = makeStyles({
  form: { display: "flex", flexWrap: "wrap", alignItems: "end", gap: tokens.spacingHorizontalM },
  input: { minWidth: "min(320px, 80vw)" },
});

const LEAD = "By the very rules that act: what may be done to a number now and why not, and which way a call takes.";

export function TenantExplain() {
  return (
    <Explain
      role="tenant"
      between={[{ name: "call", label: "A call that might be", render: () => <SupposedCall /> }]}
    />
  );
}

export function OperatorExplain() {
  return <Explain role="operator" />;
}

export function ProgrammeExplain() {
  return <Explain role="programme" />;
}

function Explain(props: { role: Role; between?: { name: string; label: string; render: () => ReactNode }[] }) {
  const { role, between = [] } = props;
  return (
    <Page title="Explain" lead={LEAD}>
      <Tabs
        label="Explain"
        tabs={[
          { name: "number", label: "A number", render: () => <ANumber role={role} /> },
          ...between,
          { name: "happened", label: "A call that happened", render: () => <ACall role={role} /> },
        ]}
      />
    </Page>
  );
}

/** One field, and a button that asks. */
function Ask(props: { label: string; placeholder: string; first: string; onAsk: (text: string) => void; children?: ReactNode }) {
  const { label, placeholder, first, onAsk, children } = props;
  const styles = useStyles();
  const [text, setText] = useState(first);
  return (
    <form
      className={styles.form}
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        onAsk(text.trim());
      }}
    >
      <Field label={label} className={styles.input}>
        <Input value={text} placeholder={placeholder} onChange={(_, data) => setText(data.value)} />
      </Field>
      {children}
      <Button type="submit" appearance="primary" disabledFocusable={text.trim() === ""}>
        Explain
      </Button>
    </form>
  );
}

function ANumber({ role }: { role: Role }) {
  const given = new URLSearchParams(useSearch()).get("number") ?? "";
  const [number, setNumber] = useState(given);
  const [times, setTimes] = useState(0);
  const [suppose, setSuppose] = useState<Suppose>({});
  return (
    <>
      <Ask
        label="Number"
        placeholder="+44…"
        first={given}
        onAsk={(text) => {
          setNumber(text.replace(/[\s().-]/g, "").replace(/^00/, "+"));
          setTimes(times + 1);
        }}
      >
        {role === "tenant" && <Whom suppose={suppose} onChange={setSuppose} />}
        {role === "operator" && <Customer suppose={suppose} onChange={setSuppose} />}
      </Ask>
      {/* Asked once more of the same number, it is asked anew. */}
      {number && <NumberWhy key={times} role={role} number={number} suppose={suppose} />}
    </>
  );
}

interface SupposeProps {
  suppose: Suppose;
  onChange: (suppose: Suppose) => void;
}

function Whom({ suppose, onChange }: SupposeProps) {
  const people = useWhole(users);
  const queues = useWhole(resourceAccounts);
  const addresses = useWhole(civicAddresses);
  const whom = suppose.user_id ? `user:${suppose.user_id}` : suppose.resource_account_id ? `queue:${suppose.resource_account_id}` : "";
  return (
    <>
      <Choice
        label="Assigned to"
        any="Somebody who could have it"
        value={whom}
        onChange={(value) => {
          const [kind, id] = value.split(":");
          onChange({
            ...(suppose.location_id && { location_id: suppose.location_id }),
            ...(id && (kind === "user" ? { user_id: id } : { resource_account_id: id })),
          });
        }}
        options={[
          ...people.rows.map((user) => [`user:${user.id}`, user.display_name] as const),
          ...queues.rows.map((queue) => [`queue:${queue.id}`, `${queue.display_name}, call queue`] as const),
        ]}
      />
      <Choice
        label="Emergency location"
        any="The one it has, or one that fits"
        value={suppose.location_id ?? ""}
        onChange={(location_id) => {
          const { location_id: _, ...rest } = suppose;
          onChange({ ...rest, ...(location_id && { location_id }) });
        }}
        options={locationChoices(addresses.rows)}
      />
    </>
  );
}

function Customer({ suppose, onChange }: SupposeProps) {
  const consents = useWhole(operatorConsents);
  return (
    <Choice
      label="Uploaded for"
      any="Its customer, or none"
      value={suppose.tenant_id ?? ""}
      onChange={(tenant_id) => onChange(tenant_id ? { tenant_id } : {})}
      options={consents.rows.map((consent) => [consent.tenant_id, consent.tenant_name] as const)}
    />
  );
}

function ACall({ role }: { role: Role }) {
  const given = new URLSearchParams(useSearch()).get("id") ?? "";
  const [id, setId] = useState(given);
  const [times, setTimes] = useState(0);
  return (
    <>
      <Ask
        label={role === "programme" ? "Call record, or Call-ID" : "Call record"}
        placeholder="Its id, as Call records show it"
        first={given}
        onAsk={(text) => {
          setId(text);
          setTimes(times + 1);
        }}
      />
      {id && <CallWhy key={times} role={role} id={id} withRecord />}
    </>
  );
}
