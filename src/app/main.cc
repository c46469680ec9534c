// firn: the table of its commands.
#include "app/command.h"
#include "app/command_line.h"

int main(int argc, char** argv) {
  using firn::app::Command;
  firn::app::Interruption interruption;  // before any thread
  constexpr Command kCommands[] = {
      {"sql", "run SQL statements, or open a prompt", firn::app::declare_sql},
      {"run", "run a pipeline file (streams into tables, until stopped) or a PySpark script",
       firn::app::declare_run},
      {"demo", "booking events from a broker in this process into Iceberg tables, reconciled",
       firn::app::declare_demo},
      {"server", "a Spark Connect endpoint for PySpark, notebooks and tools",
       firn::app::declare_server},
      {"version", "print the version", firn::app::declare_version},
  };
  return firn::app::run_command_line(kCommands, interruption, argc, argv);
}
