/* Two customers on one engine: each with limits and a module of its own, and at the end a bill of what they used.
 *
 *     cc two_tenants.c $(pkg-config --cflags --libs lunette) -o two_tenants */
#include <lunette.h>
#include <stdio.h>

/* --- What only one of them may call --- */

static lunette_status discount(void *ud, lunette_call *call) {
    const double *percent = ud;
    double price;
    lunette_status status = lunette_arg_number(call, 1, &price);
    return status == LUNETTE_OK ? lunette_return_number(call, price * (100 - *percent) / 100) : status;
}

static lunette_status open_shop_template(lunette_engine *engine, lunette_template **shop) {
    static const lunette_function functions[] = {{
        .name = "discount",
        .call = discount,
        .min_arguments = 1,
        .max_arguments = 1,
        .parameters = "price: number",
        .returns = "number",
        .description = "The price for a regular customer.",
    }};
    static double percent = 20;
    lunette_module module = lunette_module_default();
    const lunette_module *modules[] = {&module};
    lunette_template_config config = lunette_template_config_default();
    module.name = "shop";
    module.functions = functions;
    module.function_count = 1;
    module.ud = &percent;
    module.automatic = true;
    config.modules = modules;
    config.module_count = 1;
    return lunette_template_open(engine, &config, shop);
}

/* --- One request of a tenant --- */

static void serve(lunette_tenant *tenant, const char *text) {
    lunette_context *context = NULL;
    lunette_value *results = NULL;
    lunette_status status = lunette_context_acquire_for(tenant, 0, &context);
    if (status == LUNETTE_OK)
        status = lunette_context_run(context, "request", text, LUNETTE_ZERO_TERMINATED, NULL, &results);
    printf("%-6s %-50s ", lunette_tenant_name(tenant), text);
    char *shown = NULL;
    if (status == LUNETTE_OK)
        status = lunette_value_text(results, 0, &shown);
    if (status == LUNETTE_OK)
        printf("%s\n", shown);
    else
        printf("%s\n", lunette_context_message(context, status));
    lunette_string_free(&shown);
    lunette_value_free(&results);
    lunette_context_release(&context);
}

static lunette_tenant *open_tenant(lunette_engine *engine, const char *name, lunette_template *of,
                                   uint64_t memory) {
    lunette_tenant_config config = lunette_tenant_config_default();
    lunette_tenant *tenant = NULL;
    config.name = name;
    config.of = of;
    config.limits.memory = memory;
    config.limits.wall_ns = 100 * UINT64_C(1000000);
    if (lunette_tenant_open(engine, &config, &tenant) != LUNETTE_OK)
        fprintf(stderr, "tenant %s: %s\n", name, lunette_last_failure());
    return tenant;
}

int main(void) {
    lunette_engine *engine = NULL;
    lunette_template *shop = NULL;
    lunette_status status = lunette_engine_open(NULL, &engine);
    if (status == LUNETTE_OK)
        status = open_shop_template(engine, &shop);
    if (status != LUNETTE_OK) {
        fprintf(stderr, "the host: %s\n", lunette_last_failure());
        lunette_engine_close(&engine);
        return 1;
    }
    lunette_tenant *anna = open_tenant(engine, "anna", shop, 8u << 20);
    lunette_tenant *bob = open_tenant(engine, "bob", NULL, 1u << 20);
    lunette_template_close(&shop); /* anna's tenant keeps it */

    serve(anna, "return shop.discount(50)");
    serve(bob, "return shop");
    serve(anna, "return #string.rep('x', 2000000)");
    serve(bob, "return #string.rep('x', 2000000)");
    serve(bob, "while true do end");

    char *metrics = NULL;
    if (lunette_engine_metrics(engine, LUNETTE_METRICS_PROMETHEUS, &metrics) == LUNETTE_OK)
        printf("\n%s", metrics);
    lunette_usage usage = {.size = sizeof usage};
    lunette_tenant_usage(bob, &usage);
    lunette_string_free(&metrics);
    lunette_tenant_close(&anna);
    lunette_tenant_close(&bob);
    lunette_engine_close(&engine);
    return usage.runs == 3 && usage.ok == 1 && usage.memory == 1 && usage.time == 1 ? 0 : 1;
}
