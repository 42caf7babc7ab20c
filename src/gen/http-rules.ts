// Written by proto/generate.ts from the google.api.http options. DO NOT EDIT.

/** One way to reach an RPC over HTTP. */
export interface HttpRule {
  /** `package.Service/Method`. */
  readonly rpc: string;
  /** An HTTP method, or `*` for all of them. */
  readonly method: string;
  /** The path in the syntax of google.api.http. */
  readonly template: string;
}

/** Every HTTP binding of every RPC, by template and then by method. */
export const httpRules: readonly HttpRule[] = [
  { rpc: "apportion.quotas.v1.CommissionsService/ListCommissions", method: "GET", template: "/account/v1.0/commissions" },
  { rpc: "apportion.quotas.v1.CommissionsService/IssueCommission", method: "POST", template: "/account/v1.0/commissions" },
  { rpc: "apportion.quotas.v1.CommissionsService/GetCommission", method: "GET", template: "/account/v1.0/commissions/*" },
  { rpc: "apportion.quotas.v1.CommissionsService/ResolveCommission", method: "POST", template: "/account/v1.0/commissions/*/action" },
  { rpc: "apportion.quotas.v1.CommissionsService/ResolveCommissions", method: "POST", template: "/account/v1.0/commissions/action" },
  { rpc: "apportion.quotas.v1.QuotasService/ListQuotas", method: "GET", template: "/account/v1.0/quotas" },
  { rpc: "apportion.quotas.v1.ResourcesService/ListResources", method: "GET", template: "/account/v1.0/resources" },
  { rpc: "apportion.identity.v1.UserCatalogsService/GetServiceUserCatalogs", method: "POST", template: "/account/v1.0/service/user_catalogs" },
  { rpc: "apportion.quotas.v1.QuotasService/ListServiceProjectQuotas", method: "GET", template: "/account/v1.0/service_project_quotas" },
  { rpc: "apportion.quotas.v1.QuotasService/ListServiceQuotas", method: "GET", template: "/account/v1.0/service_quotas" },
  { rpc: "apportion.identity.v1.UserCatalogsService/GetUserCatalogs", method: "POST", template: "/account/v1.0/user_catalogs" },
  { rpc: "apportion.allocations.v1.AllocationsService/ReplaceAllocationsBatch", method: "POST", template: "/allocations" },
  { rpc: "apportion.allocations.v1.AllocationsService/DeleteAllocations", method: "DELETE", template: "/allocations/{consumer_uuid}" },
  { rpc: "apportion.allocations.v1.AllocationsService/GetAllocations", method: "GET", template: "/allocations/{consumer_uuid}" },
  { rpc: "apportion.allocations.v1.AllocationsService/ReplaceAllocations", method: "PUT", template: "/allocations/{consumer_uuid}" },
  { rpc: "apportion.edge.v1.EdgeService/GetHealth", method: "GET", template: "/healthz" },
  { rpc: "apportion.identity.v1.TokensService/Authenticate", method: "POST", template: "/identity/v2.0/tokens" },
  { rpc: "apportion.identity.v1.TokensService/GetToken", method: "GET", template: "/identity/v2.0/tokens/{token_id}" },
  { rpc: "apportion.allocations.v1.RootService/ListVersions", method: "GET", template: "/placement" },
  { rpc: "apportion.allocations.v1.ResourceClassesService/ListResourceClasses", method: "GET", template: "/resource_classes" },
  { rpc: "apportion.allocations.v1.ResourceClassesService/CreateResourceClass", method: "POST", template: "/resource_classes" },
  { rpc: "apportion.allocations.v1.ResourceClassesService/DeleteResourceClass", method: "DELETE", template: "/resource_classes/{name}" },
  { rpc: "apportion.allocations.v1.ResourceClassesService/GetResourceClass", method: "GET", template: "/resource_classes/{name}" },
  { rpc: "apportion.allocations.v1.ResourceClassesService/EnsureResourceClass", method: "PUT", template: "/resource_classes/{name}" },
  { rpc: "apportion.allocations.v1.ResourceProvidersService/ListResourceProviders", method: "GET", template: "/resource_providers" },
  { rpc: "apportion.allocations.v1.ResourceProvidersService/CreateResourceProvider", method: "POST", template: "/resource_providers" },
  { rpc: "apportion.allocations.v1.ResourceProvidersService/DeleteResourceProvider", method: "DELETE", template: "/resource_providers/{uuid}" },
  { rpc: "apportion.allocations.v1.ResourceProvidersService/GetResourceProvider", method: "GET", template: "/resource_providers/{uuid}" },
  { rpc: "apportion.allocations.v1.ResourceProvidersService/UpdateResourceProvider", method: "PUT", template: "/resource_providers/{uuid}" },
  { rpc: "apportion.allocations.v1.AggregatesService/ListProviderAggregates", method: "GET", template: "/resource_providers/{uuid}/aggregates" },
  { rpc: "apportion.allocations.v1.AggregatesService/ReplaceProviderAggregates", method: "PUT", template: "/resource_providers/{uuid}/aggregates" },
  { rpc: "apportion.allocations.v1.AllocationsService/ListProviderAllocations", method: "GET", template: "/resource_providers/{uuid}/allocations" },
  { rpc: "apportion.allocations.v1.InventoriesService/DeleteInventories", method: "DELETE", template: "/resource_providers/{uuid}/inventories" },
  { rpc: "apportion.allocations.v1.InventoriesService/ListInventories", method: "GET", template: "/resource_providers/{uuid}/inventories" },
  { rpc: "apportion.allocations.v1.InventoriesService/CreateInventory", method: "POST", template: "/resource_providers/{uuid}/inventories" },
  { rpc: "apportion.allocations.v1.InventoriesService/ReplaceInventories", method: "PUT", template: "/resource_providers/{uuid}/inventories" },
  { rpc: "apportion.allocations.v1.InventoriesService/DeleteInventory", method: "DELETE", template: "/resource_providers/{uuid}/inventories/{resource_class}" },
  { rpc: "apportion.allocations.v1.InventoriesService/GetInventory", method: "GET", template: "/resource_providers/{uuid}/inventories/{resource_class}" },
  { rpc: "apportion.allocations.v1.InventoriesService/ReplaceInventory", method: "PUT", template: "/resource_providers/{uuid}/inventories/{resource_class}" },
  { rpc: "apportion.allocations.v1.ProviderTraitsService/DeleteProviderTraits", method: "DELETE", template: "/resource_providers/{uuid}/traits" },
  { rpc: "apportion.allocations.v1.ProviderTraitsService/ListProviderTraits", method: "GET", template: "/resource_providers/{uuid}/traits" },
  { rpc: "apportion.allocations.v1.ProviderTraitsService/ReplaceProviderTraits", method: "PUT", template: "/resource_providers/{uuid}/traits" },
  { rpc: "apportion.allocations.v1.UsagesService/GetProviderUsages", method: "GET", template: "/resource_providers/{uuid}/usages" },
  { rpc: "apportion.allocations.v1.TraitsService/ListTraits", method: "GET", template: "/traits" },
  { rpc: "apportion.allocations.v1.TraitsService/DeleteTrait", method: "DELETE", template: "/traits/{name}" },
  { rpc: "apportion.allocations.v1.TraitsService/GetTrait", method: "GET", template: "/traits/{name}" },
  { rpc: "apportion.allocations.v1.TraitsService/EnsureTrait", method: "PUT", template: "/traits/{name}" },
  { rpc: "apportion.allocations.v1.UsagesService/GetProjectUsages", method: "GET", template: "/usages" },
  { rpc: "apportion.edge.v1.EdgeService/AnswerUnmatched", method: "*", template: "/{path=**}" },
];
