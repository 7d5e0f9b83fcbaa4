import { Checkbox } from "@fluentui/react-components";

import { useWhole, type Schemas } from "../../api/client";
import { groups } from "../../api/lists";
import { Choice } from "../../components/Choice";
import { NOTIFICATION_MODES } from "../../components/choices";
import { Pair, Text } from "../../components/Fields";
import { ProblemBar } from "../../components/ProblemBar";
import { OrderedChoice, RowList } from "../../components/RowList";
import { usePstnUsages, type FormProps, type Of } from "./form";

/** Who is told that somebody calls for help. */
export function EmergencyCalling({ settings, onChange }: FormProps<Of<"TeamsEmergencyCallingPolicy">>) {
  const known = useWhole(groups);
  const names = known.rows.map((group) => [group.id, group.name] as const);
  return (
    <>
      {known.error ? <ProblemBar error={known.error} /> : null}
      <Told told={settings} names={names} onChange={(part) => onChange({ ...settings, ...part })} />
      <Text
        label="What people are shown about emergency calls"
        lines={2}
        value={settings.enhanced_emergency_service_disclaimer ?? ""}
        onChange={(enhanced_emergency_service_disclaimer) => onChange({ ...settings, enhanced_emergency_service_disclaimer })}
      />
      <Checkbox
        label="People may say where they are when they are away"
        checked={settings.external_location_lookup_mode === "Enabled"}
        onChange={(_, data) =>
          onChange({ ...settings, external_location_lookup_mode: data.checked === true ? "Enabled" : "Disabled" })
        }
      />
      <RowList
        legend="Others are told of calls to"
        what="dial string"
        rows={settings.extended_notifications ?? []}
        onChange={(extended_notifications) => onChange({ ...settings, extended_notifications })}
        fresh={() => ({ emergency_dial_string: "", notification_mode: "NotificationOnly" })}
        render={(entry, change) => (
          <>
            <Text
              label="Dialled"
              required
              placeholder="933"
              hint="Who is told of it is told in place of those above; nobody here means nobody."
              value={entry.emergency_dial_string}
              onChange={(emergency_dial_string) => change({ emergency_dial_string })}
            />
            <Told told={entry} names={names} onChange={change} />
          </>
        )}
      />
    </>
  );
}

type Who = Pick<
  Schemas["ExtendedNotification"],
  "notification_dial_out_number" | "notification_group" | "notification_group_ids" | "notification_mode"
>;

function Told(props: {
  told: Who;
  names: readonly (readonly [id: string, name: string])[];
  onChange: (part: Partial<Who>) => void;
}) {
  const { told, names, onChange } = props;
  return (
    <>
      <Text
        label="Who is told"
        lines={2}
        hint="Mail addresses or user principal names, one per line"
        placeholder="desk@contoso.example"
        value={told.notification_group?.join("\n") ?? ""}
        onChange={(text) => onChange({ notification_group: text.split("\n") })}
      />
      {names.length > 0 && (
        <OrderedChoice
          legend="Groups that are told"
          what="group"
          none="None"
          options={names}
          chosen={told.notification_group_ids ?? []}
          onChange={(notification_group_ids) => onChange({ notification_group_ids })}
        />
      )}
      <Pair>
        <Choice
          label="How"
          value={told.notification_mode}
          onChange={(notification_mode) => onChange({ notification_mode })}
          options={Object.entries(NOTIFICATION_MODES)}
        />
        {told.notification_mode !== "NotificationOnly" && (
          <Text
            label="Number outside, called in too"
            placeholder="+442079460100"
            value={told.notification_dial_out_number ?? ""}
            onChange={(notification_dial_out_number) => onChange({ notification_dial_out_number })}
          />
        )}
      </Pair>
    </>
  );
}

/** Which strings are calls for help where calls leave by the organisation's own gateways. */
export function EmergencyCallRouting({ settings, onChange }: FormProps<Of<"TeamsEmergencyCallRoutingPolicy">>) {
  const usages = usePstnUsages();
  return (
    <>
      {usages.error ? <ProblemBar error={usages.error} /> : null}
      <Checkbox
        label="Calls carry where the caller is"
        checked={settings.allow_enhanced_emergency_services ?? false}
        onChange={(_, data) => onChange({ ...settings, allow_enhanced_emergency_services: data.checked === true })}
      />
      <RowList
        legend="Emergency numbers"
        what="emergency number"
        rows={settings.emergency_numbers ?? []}
        onChange={(emergency_numbers) => onChange({ ...settings, emergency_numbers })}
        fresh={() => ({ emergency_dial_string: "", emergency_dial_mask: [] })}
        render={(number, change) => (
          <Pair small>
            <Text
              label="The gateway is given"
              required
              placeholder="911"
              value={number.emergency_dial_string}
              onChange={(emergency_dial_string) => change({ emergency_dial_string })}
            />
            <Text
              label="Dialled as well"
              placeholder="112, 999"
              value={number.emergency_dial_mask?.join(",") ?? ""}
              onChange={(text) => change({ emergency_dial_mask: text.split(",") })}
            />
            <Choice
              label="By"
              any="Gateways in the country"
              value={number.online_pstn_usage ?? ""}
              onChange={(online_pstn_usage) => change({ online_pstn_usage })}
              options={usages.options}
            />
          </Pair>
        )}
      />
    </>
  );
}
