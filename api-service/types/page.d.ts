// The types that the modules of the web page use. .ci/page-sources generates those of the API from its OpenAPI document.
import type { components } from "../../target/page-sources/openapi";

declare global {
  namespace Api {
    type Schemas = components["schemas"];
    type Report = Schemas["Report"];
    type Attempt = Schemas["ReportAttempt"];
    type ReportList = Schemas["ReportList"];
    type BatchResults = Schemas["BatchResults"];
    type BatchResult = Schemas["BatchResult"];
    type Document = Schemas["Document"];
    type Finding = Schemas["Finding"];
    type Citation = Schemas["Citation"];
    type Evidence = Schemas["Evidence"];
    type Webhook = Schemas["CallbackResource"];
    type DeliveryAttempt = Schemas["Attempt"];
    type Delivery = Schemas["Delivery"];
    type DeliveryList = Schemas["DeliveryList"];
    type Usage = Schemas["UsageReport"];
    type DayUsage = Schemas["DayUsage"];
    type Problem = Schemas["ProblemBody"];
  }
  namespace Page {
    /** Attributes of an element. Functions are event listeners. */
    type Attributes = Record<string, string | number | boolean | null | undefined | ((event: any) => void)>;
    /** Children of an element, which may be nested or absent. */
    type Children = Node | string | number | null | undefined | false | readonly Children[];
  }
  interface Window {
    /** The viewer of the API reference. */
    Scalar: { createApiReference(target: string, configuration: object): void };
  }
}
