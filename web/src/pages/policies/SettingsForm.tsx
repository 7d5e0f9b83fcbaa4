import { Checkbox } from "@fluentui/react-components";

import { useWhole } from "../../api/client";
import { resourceAccounts } from "../../api/lists";
import { Choice } from "../../components/Choice";
import { DIAL_OUT, SUBSTITUTES } from "../../components/choices";
import { Pair, Text } from "../../components/Fields";
import { ProblemBar } from "../../components/ProblemBar";
import { OrderedChoice, RowList } from "../../components/RowList";
import { EmergencyCalling, EmergencyCallRouting } from "./EmergencyForms";
import { usePstnUsages, type FormProps, type Of } from "./form";
import type { Settings } from "./settings";

/** The fields of a policy's kind. */
export function SettingsForm({ settings, onChange }: FormProps<Settings>) {
  switch (settings.kind) {
    case "TenantDialPlan":
      return <DialPlan settings={settings} onChange={onChange} />;
    case "CallingLineIdentity":
      return <CallerId settings={settings} onChange={onChange} />;
    case "OnlineDialOutPolicy":
      return <DialOut settings={settings} onChange={onChange} />;
    case "OnlineVoiceRoutingPolicy":
    case "OnlineAudioConferencingRoutingPolicy":
      return <VoiceRouting settings={settings} onChange={onChange} />;
    case "TeamsSharedCallingRoutingPolicy":
      return <SharedCalling settings={settings} onChange={onChange} />;
    case "TeamsEmergencyCallingPolicy":
      return <EmergencyCalling settings={settings} onChange={onChange} />;
    case "TeamsEmergencyCallRoutingPolicy":
      return <EmergencyCallRouting settings={settings} onChange={onChange} />;
  }
}

function DialPlan({ settings, onChange }: FormProps<Of<"TenantDialPlan">>) {
  return (
    <RowList
      legend="Rules: the first that matches what was dialled counts"
      what="rule"
      rows={settings.rules}
      onChange={(rules) => onChange({ ...settings, rules })}
      fresh={() => ({ name: "", pattern: "", translation: "" })}
      render={(rule, change) => (
        <Pair small>
          <Text label="Name" required value={rule.name} onChange={(name) => change({ name })} />
          <Text
            label="Dialled"
            required
            placeholder="^(\d{4})$"
            value={rule.pattern}
            onChange={(pattern) => change({ pattern })}
          />
          <Text
            label="Becomes"
            required
            placeholder="+4420794$1"
            value={rule.translation}
            onChange={(translation) => change({ translation })}
          />
        </Pair>
      )}
    />
  );
}

function CallerId({ settings, onChange }: FormProps<Of<"CallingLineIdentity">>) {
  const queues = useWhole(resourceAccounts);
  return (
    <>
      <Choice
        label="Shown outside"
        value={settings.substitute}
        onChange={(substitute) => onChange({ ...settings, substitute })}
        options={Object.entries(SUBSTITUTES)}
      />
      {settings.substitute === "Resource" && (
        <Choice
          label="Call queue"
          required
          any="Choose a call queue"
          value={settings.resource_account_id ?? ""}
          onChange={(id) => onChange({ ...settings, resource_account_id: id || null })}
          options={queues.rows.map((queue) => [queue.id, `${queue.display_name} (${queue.number ?? "no number"})`] as const)}
        />
      )}
      <Text
        label="Company name"
        hint="Shown as the caller's name"
        value={settings.company_name ?? ""}
        onChange={(company_name) => onChange({ ...settings, company_name })}
      />
      <Checkbox
        label="People may hide their number"
        checked={settings.enable_user_override ?? false}
        onChange={(_, data) => onChange({ ...settings, enable_user_override: data.checked === true })}
      />
      <Checkbox
        label="People do not see who calls from outside"
        checked={settings.block_incoming_pstn_caller_id ?? false}
        onChange={(_, data) => onChange({ ...settings, block_incoming_pstn_caller_id: data.checked === true })}
      />
    </>
  );
}

function DialOut({ settings, onChange }: FormProps<Of<"OnlineDialOutPolicy">>) {
  return (
    <>
      <Choice
        label="People may call"
        value={settings.allowed}
        onChange={(allowed) => onChange({ ...settings, allowed })}
        options={Object.entries(DIAL_OUT)}
      />
      <Checkbox
        label="Premium rate, shared cost and satellites too"
        checked={settings.premium}
        onChange={(_, data) => onChange({ ...settings, premium: data.checked === true })}
      />
      <Choice
        label="Meetings that they organize may call"
        value={settings.conferencing_allowed}
        onChange={(conferencing_allowed) => onChange({ ...settings, conferencing_allowed })}
        options={Object.entries(DIAL_OUT)}
      />
    </>
  );
}

function VoiceRouting({
  settings,
  onChange,
}: FormProps<Of<"OnlineVoiceRoutingPolicy"> | Of<"OnlineAudioConferencingRoutingPolicy">>) {
  const usages = usePstnUsages();
  return (
    <>
      {usages.error ? <ProblemBar error={usages.error} /> : null}
      <OrderedChoice
        legend="PSTN usages, in the order in which they are tried"
        what="PSTN usage"
        none={
          settings.kind === "OnlineVoiceRoutingPolicy"
            ? "None: whom this holds for calls by operators only."
            : "None: meetings of whom this holds for call nobody."
        }
        options={usages.options}
        chosen={settings.online_pstn_usages ?? []}
        onChange={(online_pstn_usages) => onChange({ ...settings, online_pstn_usages })}
      />
    </>
  );
}

function SharedCalling({ settings, onChange }: FormProps<Of<"TeamsSharedCallingRoutingPolicy">>) {
  const queues = useWhole(resourceAccounts);
  return (
    <>
      {queues.error ? <ProblemBar error={queues.error} /> : null}
      <Choice
        label="People without a number call by that of"
        required
        any="Choose a call queue"
        value={settings.resource_account_id}
        onChange={(resource_account_id) => onChange({ ...settings, resource_account_id })}
        options={queues.rows.filter((queue) => queue.number).map((queue) => [queue.id, `${queue.display_name} (${queue.number})`] as const)}
      />
      <Text
        label="Numbers for emergency calls"
        hint="One per line, free, of the queue's country: who called for help is called back by the one their call took. None: the queue's own."
        lines={3}
        placeholder="+442079460100"
        value={settings.emergency_numbers?.join("\n") ?? ""}
        onChange={(text) => onChange({ ...settings, emergency_numbers: text.split("\n") })}
      />
    </>
  );
}
