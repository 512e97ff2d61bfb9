# Debian packages, one a program: `cpack` in build/release (needs dpkg-dev and file).
include_guard(GLOBAL)
if(NOT TARGET berth-agent OR NOT TARGET berth-controller OR NOT TARGET berth)
  return()
endif()

# Debian wants control files by these very names, so each package has a folder of them.
function(berth_control_files part)
  set(control ${PROJECT_BINARY_DIR}/debian/${part})
  foreach(script preinst postinst prerm postrm)
    if(EXISTS ${PROJECT_SOURCE_DIR}/packaging/debian/${part}.${script})
      configure_file(packaging/debian/${part}.${script} ${control}/${script} COPYONLY)
      file(CHMOD ${control}/${script} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
           WORLD_READ WORLD_EXECUTE)
      list(APPEND files ${control}/${script})
    endif()
  endforeach()
  file(CONFIGURE OUTPUT ${control}/conffiles CONTENT "/etc/berth/${part}.yaml\n")
  string(TOUPPER ${part} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_CONTROL_EXTRA ${files} ${control}/conffiles PARENT_SCOPE)
endfunction()

foreach(part agent controller)
  install(TARGETS berth-${part} RUNTIME DESTINATION bin COMPONENT ${part})
  install(FILES systemd/berth-${part}.service DESTINATION lib/systemd/system COMPONENT ${part})
  install(FILES LICENSE DESTINATION share/doc/berth-${part} RENAME copyright COMPONENT ${part})
  install(FILES CHANGELOG.md docs/compatibility.md docs/configure.md docs/install.md docs/run-as-a-service.md
                docs/troubleshoot.md
          DESTINATION share/doc/berth-${part} COMPONENT ${part})
  berth_control_files(${part})
  string(TOUPPER ${part} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME berth-${part})
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION admin)
endforeach()
install(TARGETS berth RUNTIME DESTINATION bin COMPONENT cli)
install(FILES packaging/berth-completion.bash DESTINATION share/bash-completion/completions RENAME berth COMPONENT cli)
install(FILES LICENSE DESTINATION share/doc/berth RENAME copyright COMPONENT cli)
install(FILES CHANGELOG.md docs/cli.md DESTINATION share/doc/berth COMPONENT cli)
set(CPACK_DEBIAN_CLI_PACKAGE_NAME berth)
set(CPACK_DEBIAN_CLI_PACKAGE_SECTION admin)
# An access key may be written into the agent's file.
install(FILES packaging/examples/agent.yaml DESTINATION /etc/berth COMPONENT agent
        PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ)
install(TARGETS berth-crun berth-log-keeper RUNTIME DESTINATION bin COMPONENT agent)
install(FILES systemd/berth-agent-endpoint.service systemd/berth-agent-shutdown.service systemd/berth-log-keeper.service
        DESTINATION lib/systemd/system COMPONENT agent)
install(FILES systemd/berth-agent-containerd.conf DESTINATION share/doc/berth-agent/examples COMPONENT agent)
install(PROGRAMS packaging/berth-endpoint-rules DESTINATION libexec/berth COMPONENT agent)
install(FILES packaging/examples/controller.yaml DESTINATION /etc/berth COMPONENT controller)
install(FILES systemd/berth.sysusers DESTINATION lib/sysusers.d RENAME berth.conf COMPONENT controller)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "Berth maintainers <maintainers@berth.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL agent controller cli)
set(CPACK_DEB_COMPONENT_INSTALL ON)
# The folders of a package have these modes, whatever the umask of who builds it.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
    WORLD_READ WORLD_EXECUTE)
# berth-agent_<version>_amd64.deb; DEB-DEFAULT would put a revision between.
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_AGENT_DESCRIPTION "Berth agent\n Runs the tasks of one host on Docker, as its controller asks.")
set(CPACK_DEBIAN_AGENT_PACKAGE_DEPENDS "ca-certificates, iproute2, iptables")
set(CPACK_DEBIAN_AGENT_PACKAGE_RECOMMENDS "docker.io, containernetworking-plugins, tini, systemd")
set(CPACK_DEBIAN_CONTROLLER_DESCRIPTION "Berth controller\n API, state and scheduler of a fleet of container hosts.")
set(CPACK_DEBIAN_CONTROLLER_PACKAGE_DEPENDS "systemd, tzdata")
set(CPACK_DEBIAN_CLI_DESCRIPTION "Berth command line\n Tasks, services and hosts of a Berth cluster, for people.")
set(CPACK_DEBIAN_CLI_PACKAGE_DEPENDS "ca-certificates")
set(CPACK_DEBIAN_CLI_PACKAGE_SUGGESTS "bash-completion")
include(CPack)
