import { Page } from "../components/Page";
import { Tabs } from "../components/Tabs";
import { DirectNumbers } from "./coexistence/DirectNumbers";
import { Fallback } from "./coexistence/Fallback";
import { Findings } from "./coexistence/Findings";
import { Gateways } from "./coexistence/Gateways";
import { VoiceRoutes } from "./coexistence/VoiceRoutes";

/** Operators' numbers beside an organisation's own gateways. */
export default function Coexistence() {
  return (
    <Page
      title="Coexistence"
      lead="Your own gateways and their numbers (Direct Routing) beside those of operators: which way calls take, and what to look out for."
    >
      <Tabs
        label="Coexistence"
        tabs={[
          { name: "findings", label: "What to look out for", render: () => <Findings /> },
          { name: "gateways", label: "Gateways", render: () => <Gateways /> },
          { name: "routes", label: "Voice routes", render: () => <VoiceRoutes /> },
          { name: "numbers", label: "Direct Routing numbers", render: () => <DirectNumbers /> },
          { name: "fallback", label: "Operators that stand in", render: () => <Fallback /> },
        ]}
      />
    </Page>
  );
}
