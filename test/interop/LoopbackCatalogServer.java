// Iceberg's own REST catalog server (the test fixtures of iceberg-open-api) on the loopback interface alone; its main
// listens on all. Arguments: the port, then options of the catalog behind it as key=value. token=required: requests but those for
// tokens need a bearer token.
package org.apache.iceberg.rest;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.net.InetSocketAddress;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.CatalogUtil;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.servlet.FilterHolder;
import org.eclipse.jetty.servlet.ServletContextHandler;
import org.eclipse.jetty.servlet.ServletHolder;

public class LoopbackCatalogServer {
  public static void main(String[] arguments) throws Exception {
    Map<String, String> options = new HashMap<>();
    for (int i = 1; i < arguments.length; i++) {
      String[] pair = arguments[i].split("=", 2);
      options.put(pair[0], pair[1]);
    }
    options.putIfAbsent("catalog-impl", "org.apache.iceberg.jdbc.JdbcCatalog");
    options.putIfAbsent("jdbc.schema-version", "V1");
    RESTCatalogServer.CatalogContext context = new RESTCatalogServer.CatalogContext(
        CatalogUtil.buildIcebergCatalog("backend", options, new Configuration()), options);
    ServletContextHandler handler = new ServletContextHandler(ServletContextHandler.NO_SESSIONS);
    handler.addServlet(new ServletHolder(new RESTCatalogServlet(new RESTServerCatalogAdapter(context))), "/*");
    if ("required".equals(options.get("token"))) {
      Filter filter = (request, response, chain) -> {
        HttpServletRequest http = (HttpServletRequest) request;
        String bearer = http.getHeader("Authorization");
        if (http.getRequestURI().endsWith("/oauth/tokens") || (bearer != null && bearer.startsWith("Bearer client-credentials-token"))) {
          chain.doFilter(request, response);
        } else {
          ((HttpServletResponse) response).sendError(401);
        }
      };
      handler.addFilter(new FilterHolder(filter), "/*", EnumSet.of(DispatcherType.REQUEST));
    }
    Server server = new Server(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])));
    server.setHandler(handler);
    server.start();
    server.join();
  }
}
