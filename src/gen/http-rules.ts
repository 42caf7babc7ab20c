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
  { rpc: "apportion.projects.v1.ProjectsService/ListProjects", method: "GET", template: "/account/v1.0/projects" },
  { rpc: "apportion.projects.v1.ProjectsService/CreateProject", method: "POST", template: "/account/v1.0/projects" },
  { rpc: "apportion.projects.v1.MembershipsService/ListMemberships", method: "GET", template: "/account/v1.0/projects/memberships" },
  { rpc: "apportion.projects.v1.MembershipsService/CreateMembership", method: "POST", template: "/account/v1.0/projects/memberships" },
  { rpc: "apportion.projects.v1.MembershipsService/GetMembership", method: "GET", template: "/account/v1.0/projects/memberships/*" },
  { rpc: "apportion.projects.v1.MembershipsService/ActOnMembership", method: "POST", template: "/account/v1.0/projects/memberships/*/action" },
  { rpc: "apportion.projects.v1.ProjectsService/GetProject", method: "GET", template: "/account/v1.0/projects/{project_id}" },
  { rpc: "apportion.projects.v1.ProjectsService/ModifyProject", method: "POST", template: "/account/v1.0/projects/{project_id}" },
  { rpc: "apportion.projects.v1.ProjectsService/ModifyProject", method: "PUT", template: "/account/v1.0/projects/{project_id}" },
  { rpc: "apportion.projects.v1.ProjectsService/ActOnProject", method: "POST", template: "/account/v1.0/projects/{project_id}/action" },
  { rpc: "apportion.quotas.v1.QuotasService/ListQuotas", method: "GET", template: "/account/v1.0/quotas" },
  { rpc: "apportion.quotas.v1.ResourcesService/ListResources", method: "GET", template: "/account/v1.0/resources" },
  { rpc: "apportion.identity.v1.UserCatalogsService/GetServiceUserCatalogs", method: "POST", template: "/account/v1.0/service/user_catalogs" },
  { rpc: "apportion.quotas.v1.QuotasService/ListServiceProjectQuotas", method: "GET", template: "/account/v1.0/service_project_quotas" },
  { rpc: "apportion.quotas.v1.QuotasService/ListServiceQuotas", method: "GET", template: "/account/v1.0/service_quotas" },
  { rpc: "apportion.identity.v1.UserCatalogsService/GetUserCatalogs", method: "POST", template: "/account/v1.0/user_catalogs" },
  { rpc: "apportion.edge.v1.EdgeService/GetHealth", method: "GET", template: "/healthz" },
  { rpc: "apportion.identity.v1.TokensService/Authenticate", method: "POST", template: "/identity/v2.0/tokens" },
  { rpc: "apportion.identity.v1.TokensService/GetToken", method: "GET", template: "/identity/v2.0/tokens/{token_id}" },
  { rpc: "apportion.images.v1.ImagesService/ListImages", method: "GET", template: "/v2/images" },
  { rpc: "apportion.images.v1.ImagesService/CreateImage", method: "POST", template: "/v2/images" },
  { rpc: "apportion.images.v1.ImagesService/DeleteImage", method: "DELETE", template: "/v2/images/{image_id}" },
  { rpc: "apportion.images.v1.ImagesService/GetImage", method: "GET", template: "/v2/images/{image_id}" },
  { rpc: "apportion.images.v1.ImagesService/UpdateImage", method: "PATCH", template: "/v2/images/{image_id}" },
  { rpc: "apportion.images.v1.ImageMembersService/ListImageMembers", method: "GET", template: "/v2/images/{image_id}/members" },
  { rpc: "apportion.images.v1.ImageMembersService/CreateImageMember", method: "POST", template: "/v2/images/{image_id}/members" },
  { rpc: "apportion.images.v1.ImageMembersService/DeleteImageMember", method: "DELETE", template: "/v2/images/{image_id}/members/{member_id}" },
  { rpc: "apportion.images.v1.ImageMembersService/GetImageMember", method: "GET", template: "/v2/images/{image_id}/members/{member_id}" },
  { rpc: "apportion.images.v1.ImageMembersService/UpdateImageMember", method: "PUT", template: "/v2/images/{image_id}/members/{member_id}" },
  { rpc: "apportion.images.v1.SchemasService/GetSchema", method: "GET", template: "/v2/schemas/{name}" },
  { rpc: "apportion.images.v1.VersionsService/ListVersions", method: "GET", template: "/versions" },
  { rpc: "apportion.edge.v1.EdgeService/AnswerUnmatched", method: "*", template: "/{path=**}" },
];
